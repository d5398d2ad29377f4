/**
 * look: decide about one Service and write what was decided. The one way that every event takes, whatever its type.
 *
 *   1. The snapshot, if it may decide (freshness.ts), else the state read by ourselves (readState.ts).
 *   2. decide, toPatch: pure.
 *   3. Route writes, if there are any. What follows from them is the next look.
 *   4. Without route writes: the announcement that is owed (announce.ts), then the other writes.
 *   5. A conflict: read afresh, decide again, at most three times.
 *
 * Guarantees: S3, S4, S9. Nothing is written from a snapshot past its deadline, or from state read more than 2 s ago. A Service that
 * is gone is no error. Rejects with KUBE_* or ABORTED; conflicts to the end with the last of them.
 */

import type { LookData } from '../lib/events/look.ts';
import type { ReplyData } from '../lib/events/reply.ts';
import { MAX_RECHECK_MS } from '../lib/events/replySchema.ts';
import type { ServiceRef } from '../lib/events/subject.ts';
import { decide } from '../lib/selection/decide.ts';
import type { Decision } from '../lib/selection/decision.ts';
import { nextLookAt } from '../lib/selection/nextLookAt.ts';
import type { Uid } from '../lib/selection/snapshot.ts';
import type { Write } from '../lib/selection/write.ts';
import { type HintReason, whyHint } from './freshness.ts';
import { type NamespaceRead, READ_LIFETIME_MS, readState, toSnapshot } from './readState.ts';
import { type Basis, type Outcome, type SettleDeps, settle } from './settle.ts';

export interface LookRequest {
  readonly service: ServiceRef;
  /** Of the event; no decision depends on it, only whether warnings are told again. */
  readonly type: string;
  /** What to decide on, or why it has to be read first. */
  readonly basis: Basis | HintReason;
  /** Of a snapshot that may decide; a hint uses nothing of the body, and that includes what an earlier reply put there. */
  readonly carry?: string;
  /** The namespace, where it has just been read to find out whom an event concerns. */
  readonly state?: NamespaceRead;
}

export interface LookResult {
  readonly reply: ReplyData;
  readonly decision: Decision;
  readonly sourceUid: Uid | null;
  /** The `now` that was decided with, epoch milliseconds. */
  readonly decidedAt: number;
  /** Acknowledged by the API server, in order. */
  readonly writes: readonly Write[];
  /** 1: no conflict. */
  readonly attempts: number;
  /** Why the state was read in place of the event's; null when it was not. */
  readonly hint: HintReason | null;
}

const MAX_REREADS = 3;
/** How soon to look again when an announcement did not get through: a sink that is down must not cost a look a second and Service. */
const ANNOUNCE_AGAIN_MS = 5_000;

export async function look(request: LookRequest, deps: SettleDeps, signal: AbortSignal): Promise<LookResult> {
  const { service, type, carry, state } = request;
  const hint = typeof request.basis === 'string' ? request.basis : null;
  let basis = typeof request.basis === 'string' ? await readBasis(service, deps, signal, state) : request.basis;

  for (let attempt = 1; ; attempt++) {
    const decidedAt = deps.now();
    const decision = decide(basis.snapshot, decidedAt);
    const outcome = await settle({ basis, decision, decidedAt, type, carry }, deps, signal);
    if (outcome.kind === 'settled') return toResult({ basis, decision, decidedAt, outcome, attempts: attempt, hint });
    if (attempt > MAX_REREADS) throw outcome.error;
    deps.metrics.retryAttempts.inc({
      service: service.name,
      namespace: service.namespace,
      operation: 'write',
      attempt,
    });
    basis = await readBasis(service, deps, signal);
  }
}

type Settled = Extract<Outcome, { kind: 'settled' }>;

function toResult({
  basis: { snapshot, isRead },
  decision,
  outcome: { owes, carry, writes },
  ...rest
}: Pick<LookResult, 'decision' | 'decidedAt' | 'attempts' | 'hint'> & { basis: Basis; outcome: Settled }): LookResult {
  const { kind, reason, previous, leader, epoch } = decision;
  const { decidedAt } = rest;
  const lookAgainAt = earliest(nextLookAt(snapshot, decidedAt), owes ? decidedAt + ANNOUNCE_AGAIN_MS : null);
  const reply: ReplyData = {
    decision: kind,
    reason,
    previous,
    leader,
    epoch,
    ...(isRead ? { basis: 'read', snapshot } : { basis: 'event' }),
    ...(lookAgainAt === null ? {} : { recheckAfterMs: toDelay(lookAgainAt, decidedAt) }),
    ...(carry === undefined ? {} : { carry }),
  };
  return { ...rest, reply, decision, writes, sourceUid: snapshot.source?.uid ?? null };
}

/** The one rule for hints. */
export function chooseBasis({ snapshot, deadline }: LookData, now: number): Basis | HintReason {
  if (snapshot === undefined) return 'noSnapshot';
  return whyHint(snapshot, deadline, now) ?? { snapshot, deadline, isRead: false };
}

async function readBasis(
  { namespace, name }: ServiceRef,
  { api, now }: SettleDeps,
  signal: AbortSignal,
  known?: NamespaceRead,
): Promise<Basis> {
  const state = known ?? (await readState(api, namespace, now, signal));
  return { snapshot: toSnapshot(state, name), deadline: state.readAt + READ_LIFETIME_MS, isRead: true };
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function toDelay(at: number, now: number): number {
  return Math.min(Math.max(Math.ceil(at - now), 0), MAX_RECHECK_MS);
}
