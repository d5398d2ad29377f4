/**
 * assess: decides about one Service, lists the writes that carry the decision out, and names the
 * instant of the next reconcile.
 *
 * Reads settings and situation once, so that decision, writes and timer cannot understand one
 * snapshot differently.
 *
 * Guarantees: pure. The order of the snapshot's lists does not matter. Assessing again after the
 * writes were carried out keeps the leader and writes nothing (docs/guarantees.md).
 */

import { nextChoiceAt } from './choose.ts';
import { decide } from './decide.ts';
import type { Decision } from './decision.ts';
import { claimEndsAt } from './demotion.ts';
import type { ElectionRef } from './elections/electionSettings.ts';
import { type Elections, electionsOf, noteDecided } from './elections/electionsOf.ts';
import type { Decided } from './elections/sharedWith.ts';
import { nextVerdictEndAt } from './outsideVerdict.ts';
import { readSituation, type Situation } from './situation.ts';
import type { Snapshot } from './snapshot.ts';
import { toPatch } from './toPatch.ts';
import type { Write } from './write.ts';

export interface Assessment {
  readonly decision: Decision;
  /** In the order in which they must happen; empty when nothing differs. */
  readonly writes: readonly Write[];
  /**
   * When time alone may change the decision, in epoch milliseconds. Null when only an event can.
   */
  readonly nextLookAt: number | null;
  /**
   * Of a source with several elections, each one's own, in the order in which they are decided. The
   * decision is then that of the first, and writes and timer are those of all.
   */
  readonly elections?: readonly ElectionAssessment[];
}

export interface ElectionAssessment extends ElectionRef {
  readonly decision: Decision;
  readonly writes: readonly Write[];
  readonly nextLookAt: number | null;
}

const sourceGone: Decision = {
  kind: 'lost',
  reason: 'SourceGone',
  previous: null,
  leader: null,
  epoch: 0,
  plan: null,
  warnings: [],
};

export function assess(snapshot: Snapshot, now: number): Assessment {
  const elections = electionsOf(snapshot);
  return elections === null ? assessSituation(readSituation(snapshot, now), now) : assessAll(elections, now);
}

/** Decides one election after the other, so that each knows whom those before it elect. */
function assessAll({ refs, view }: Elections, now: number): Assessment {
  const decided = new Map<string, Decided>();
  const elections = refs.map((ref): ElectionAssessment => {
    const assessment = assessSituation(readSituation(view(ref, decided), now), now);
    noteDecided(decided, ref, assessment.decision);
    return { ...ref, ...assessment };
  });
  return {
    decision: elections[0]?.decision ?? sourceGone,
    writes: elections.flatMap(({ writes }) => writes),
    nextLookAt: elections.reduce<number | null>((at, each) => earliest(at, each.nextLookAt), null),
    elections,
  };
}

/** Assesses a situation that has been read already. */
export function assessSituation(situation: Situation | null, now: number): Assessment {
  if (situation === null) return { decision: sourceGone, writes: [], nextLookAt: null };
  const { decision, choice } = decide(situation, now);
  return {
    decision,
    writes: toPatch(situation, decision, now),
    nextLookAt:
      choice === null
        ? null
        : earliest(
            earliest(nextChoiceAt(choice, situation.choice, now), decision.plan?.overlap?.endsAt ?? null),
            earliest(claimEndsAt(situation.record, now), nextVerdictEndAt(situation.record.verdicts, now)),
          ),
  };
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
