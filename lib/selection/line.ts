/**
 * lineOf: lists the pods that may lead, in the order in which they would be elected. It says which
 * pods a check should ask beside the leader.
 *
 * Guarantees: pure; the order of the snapshot's lists does not matter. What a check says of the
 * pods plays no part, or a pod that fails would leave the line and be asked no more. Reports from
 * outside play none either: a leader that is kept in spite of them needs its check.
 */

import { strategyContext } from './choose.ts';
import { viewsOf } from './elections/electionsOf.ts';
import { addressOf, isEligible, readyAlone, whyUnfit } from './fitness.ts';
import type { HealthCheckSettings } from './healthCheck.ts';
import type { RoleCheckSettings } from './roleCheck.ts';
import { readSituation } from './situation.ts';
import type { Candidate, Snapshot, Uid } from './snapshot.ts';
import { orderByStrategy } from './strategy.ts';

export interface LinePlace {
  readonly name: string;
  readonly uid: Uid;
  /** Of the family that the record is about. */
  readonly address: string;
}

export interface Line {
  readonly check: HealthCheckSettings | RoleCheckSettings;
  /** Every fit pod, the leader of the moment among them. */
  readonly pods: readonly LinePlace[];
}

/** `snapshot`: without observations. Null where the Service asks for no check, or for no leader. */
export function lineOf(whole: Snapshot, now: number): Line | null {
  // A check is of the whole source, and asks in the order of its first election.
  const [snapshot] = viewsOf(whole);
  const situation = readSituation(snapshot, now);
  if (situation === null || !situation.isEnabled || !situation.isRoutable) return null;
  const { choice } = situation;
  const { settings } = choice;
  // Every leader is asked, whichever election it leads.
  const rules = { ...readyAlone(choice.rules), taken: undefined };
  const check = settings.roleCheck ?? settings.healthCheck;
  if (check === null) return null;

  const fit = choice.candidates.filter((pod) => whyUnfit(pod, rules) === null);
  const rank = (pod: Candidate): number =>
    (isEligible(pod, rules, now) ? 0 : 2) + (pod.name === settings.pinLeader ? 0 : 1);
  const ranked = orderByStrategy(fit, strategyContext(choice)).map((pod) => ({ pod, rank: rank(pod) }));
  // A stable sort, so within a rank the strategy decides.
  const pods = ranked
    .toSorted((a, b) => a.rank - b.rank)
    .flatMap(({ pod }) => {
      const address = addressOf(pod, rules.primaryFamily);
      return address === null ? [] : [{ name: pod.name, uid: pod.uid, address }];
    });
  return { check, pods };
}
