/**
 * Decides a recorded reconcile by today's rules, and finds where that differs from the recorded
 * decision. Pure.
 *
 * Guarantees: it takes the recorded snapshot and `now`, so that with the same rules nothing
 * differs.
 * Does not compare `recheckAfterMs`, which also depends on whether an announcement got through.
 */

import { type ElectionReply, toElectionReply } from '../../lib/events/reply.ts';
import type { RecordedReconcile } from '../../lib/recording/recordedLine.ts';
import { assess, type ElectionAssessment } from '../../lib/selection/assess.ts';
import type { DecisionKind, Leader, Reason, Warning } from '../../lib/selection/decision.ts';
import { isSameElection } from '../../lib/selection/elections/electionSettings.ts';
import { explain } from '../../lib/selection/explain.ts';
import type { Unfit } from '../../lib/selection/fitness.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';

/** What a decision and a recorded reply have in common. */
export interface Outcome {
  readonly decision: DecisionKind;
  readonly reason: Reason;
  readonly previous: Leader | null;
  readonly leader: Leader | null;
  readonly epoch: number;
}

export interface Replayed {
  readonly reconcile: RecordedReconcile;
  /** Today's decision; null where the recording does not hold what it depends on. */
  readonly today: Outcome | null;
  /** The same of each election, where the Service has several; empty otherwise. */
  readonly elections: readonly ElectionReply[];
  /** Of today's decision, because replies carry none. */
  readonly warnings: readonly Warning[];
  /** Why the leader is not fit, where pause, grace or hold keeps it all the same. */
  readonly keptAlthough: Unfit | null;
  /** Null where either is missing. */
  readonly differs: boolean | null;
}

export function decideAgain(reconcile: RecordedReconcile): Replayed {
  const { recorded, snapshot, at } = reconcile;
  if (snapshot === null)
    return {
      reconcile,
      today: null,
      elections: recorded?.elections ?? [],
      warnings: [],
      keptAlthough: null,
      differs: null,
    };
  const { decision, elections } = assess(snapshot, at);
  const { kind, reason, previous, leader, epoch, warnings } = decision;
  const today = { decision: kind, reason, previous, leader, epoch };
  // A leader that is kept because it is fit has nothing to explain.
  const keptAlthough = kind === 'kept' && reason !== 'LeaderFit' ? whyLeaderUnfit(snapshot, at) : null;
  return {
    reconcile,
    today,
    elections: (elections ?? []).map((each) => toElectionReply(each, each.decision)),
    warnings,
    keptAlthough,
    differs:
      recorded === null ? null : !isSameOutcome(today, recorded) || !areSame(elections ?? [], recorded.elections),
  };
}

function whyLeaderUnfit(snapshot: Snapshot, at: number): Unfit | null {
  return explain(snapshot, at).pods.find(({ standing }) => standing.kind === 'leader')?.keptAlthough ?? null;
}

/** What to show: today's decision where there is one, else the recorded. */
export function outcomeOf({ today, reconcile }: Replayed): Outcome | null {
  return today ?? reconcile.recorded;
}

/** Of a Service with several elections. A recording by an older zen-lead has none of them. */
function areSame(today: readonly ElectionAssessment[], recorded: readonly ElectionReply[] | undefined): boolean {
  if (recorded === undefined) return true;
  return (
    today.length === recorded.length &&
    today.every((each, index) => {
      const then = recorded[index];
      return (
        then !== undefined && isSameElection(each, then) && isSameOutcome(toElectionReply(each, each.decision), then)
      );
    })
  );
}

function isSameOutcome(a: Outcome, b: Outcome): boolean {
  return (
    a.decision === b.decision &&
    a.reason === b.reason &&
    a.epoch === b.epoch &&
    a.leader?.uid === b.leader?.uid &&
    a.previous?.uid === b.previous?.uid
  );
}
