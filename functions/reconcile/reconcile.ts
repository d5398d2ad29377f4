/**
 * reconcile: decides about one Service and writes what was decided. Every event takes this one way,
 * whatever its type.
 *
 *   1. The snapshot, if it may decide (whyHint.ts), else the state read by ourselves
 *      (sharedReads.ts).
 *   2. assess: pure. Where no slice holds a record, or another one is to be made, no revision
 *      fences a snapshot (S9). What is to be written is then decided on the state read, or on a
 *      snapshot of a Service that has nothing yet (confirmFirst.ts). A slice that is made is made
 *      empty, and what goes in is decided when it is there (placeholders.ts). Where another slice
 *      takes the record, the old one is told first (renewBasis.ts).
 *   3. Route writes, if there are any. What follows from them is the next reconcile.
 *   4. Without route writes: the announcement that is owed (announce.ts), then the other writes.
 *   5. After a conflict, read again and decide again, at most three times.
 *
 * Where the Service has several elections, steps 2 to 5 are taken for one after the other
 * (reconcileAll.ts).
 *
 * Guarantees: S3, S4, S9. Nothing is written from a snapshot past its deadline, or from state read
 * past its own (stateRead.ts). A missing Service is not an error. Rejects with KUBE_* or ABORTED;
 * conflicts to the end with the last of them.
 */

import { toRecheckDelay } from '../../lib/events/recheckDelay.ts';
import { type ReplyData, toElectionReply } from '../../lib/events/reply.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { catchUp } from '../../lib/selection/catchUp.ts';
import type { Decision } from '../../lib/selection/decision.ts';
import type { ElectionRef } from '../../lib/selection/elections/electionSettings.ts';
import { electionsOf } from '../../lib/selection/elections/electionsOf.ts';
import type { Observations } from '../../lib/selection/observation.ts';
import type { Uid } from '../../lib/selection/snapshot.ts';
import type { Write } from '../../lib/selection/write.ts';
import { type Carry, carryIn } from './carry.ts';
import { readBasis } from './readBasis.ts';
import { reconcileAll } from './reconcileAll.ts';
import { type ElectionResult, earliest, type Pass, reconcileElection } from './reconcileElection.ts';
import type { Basis, SettleDeps } from './settle.ts';
import type { Reads } from './sharedReads.ts';
import type { Evidence, HintReason, WhyHint } from './whyHint.ts';

export interface ReconcileRequest {
  readonly service: ServiceRef;
  /** Of the event; no decision depends on it, only whether warnings are told again. */
  readonly type: string;
  readonly evidence: Evidence;
  /**
   * What `whyHint` says of the evidence. A hint uses nothing of the data but its observations, not
   * even what an earlier reply put there.
   */
  readonly hint: HintReason | null;
  /** Of the event; decides nothing. */
  readonly traceparent?: string | undefined;
  /** What a trusted bridge saw by itself, for state that is read. `now`: epoch milliseconds. */
  readonly observations?: (now: number) => Observations | undefined;
}

export interface ReconcileResult {
  /** Without its carry. */
  readonly reply: ReplyData;
  /** For the next event of the sender. A shared reconcile has several, each with its own clock. */
  readonly carry: Carry;
  /** What this reconcile did, all attempts together: for the log and the counters. */
  readonly decision: Decision;
  readonly sourceUid: Uid | null;
  /** The `now` that was decided with, epoch milliseconds. */
  readonly decidedAt: number;
  /** Acknowledged by the API server, in order. */
  readonly writes: readonly Write[];
  /** 1: no conflict. */
  readonly attempts: number;
  /** Why the state was read instead of the event's; null when it was not. */
  readonly hint: HintReason | null;
  /** Of a Service with several elections, what was done about each. */
  readonly elections?: readonly DoneElection[];
  /** Why one of them was not carried out. The others were. */
  readonly failure?: unknown;
}

export interface DoneElection extends ElectionRef, ElectionResult {}

export interface ReconcileDeps extends SettleDeps {
  readonly readService: Reads['readService'];
  readonly whyHint: WhyHint;
}

export async function reconcile(
  request: ReconcileRequest,
  deps: ReconcileDeps,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { evidence } = request;
  const sent = request.hint === null ? sentBasis(evidence) : null;
  const { ledger, warnings: carry } = carryIn(evidence, sent !== null);
  const basis = sent ?? (await readBasis(request, deps, signal));
  const pass: Pass = { request, carry, basis, shown: basis.snapshot, ledger, hint: request.hint };
  const elections = electionsOf(basis.snapshot);
  if (elections !== null) {
    const { done, failure } = await reconcileAll(pass, elections, deps, signal);
    return toResult(pass, done, failure);
  }
  return toResult(pass, [{ election: '', slot: 0, ...(await reconcileElection(pass, null, deps, signal)) }]);
}

/** `done`: at least one, or there is a `failure`. */
function toResult(pass: Pass, done: readonly DoneElection[], failure?: unknown): ReconcileResult {
  const { basis, ledger, hint, shown } = pass;
  const [first] = done;
  if (first === undefined) throw failure;
  const dueAt = done.reduce<number | null>((at, each) => earliest(at, each.dueAt), null);
  const warnings = done.find((each) => each.carry !== undefined)?.carry;
  const { decision, decidedAt, attempts } = first;
  const isPlain = electionsOf(basis.snapshot) === null && done.length === 1;
  const reply = toReplyData(
    { ...basis, snapshot: isPlain ? basis.snapshot : shown },
    first.last,
    dueAt === null ? null : toRecheckDelay(dueAt - decidedAt),
  );
  return {
    decision,
    writes: done.flatMap(({ writes }) => writes),
    reply: isPlain ? reply : { ...reply, elections: done.map((each) => toElectionReply(each, each.last)) },
    carry: { warnings, ledger },
    sourceUid: basis.snapshot.source?.uid ?? null,
    decidedAt,
    attempts,
    hint,
    ...(!isPlain && { elections: done }),
    ...(failure !== undefined && { failure }),
  };
}

function toReplyData(
  { snapshot, isRead }: Basis,
  { kind, reason, previous, leader, epoch }: Decision,
  recheckAfterMs: number | null,
): ReplyData {
  return {
    decision: kind,
    reason,
    previous,
    leader,
    epoch,
    ...(isRead ? { basis: 'read', snapshot } : { basis: 'event' }),
    ...(recheckAfterMs === null ? {} : { recheckAfterMs }),
  };
}

/** Null when the event holds no snapshot. */
function sentBasis({ data }: Evidence): Basis | null {
  if (data.kind !== 'readable' || data.value.snapshot === undefined) return null;
  const { snapshot, deadline } = data.value;
  // The record is not lowered to a view that is behind it and moves nothing (whyHint.ts).
  return { snapshot: catchUp(snapshot), deadline, isRead: false };
}
