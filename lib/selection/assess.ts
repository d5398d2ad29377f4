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
  return assessSituation(readSituation(snapshot, now), now);
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
            nextChoiceAt(choice, situation.choice, now),
            earliest(claimEndsAt(situation.record, now), nextVerdictEndAt(situation.record.verdicts, now)),
          ),
  };
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
