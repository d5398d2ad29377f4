/**
 * reconcile: decides about one Service and writes what was decided. Every event takes this one way,
 * whatever its type.
 *
 *   1. The snapshot, if it may decide (whyHint.ts), else the state read by ourselves
 *      (sharedReads.ts).
 *   2. assess: pure. Where no slice holds a record, or another one is to be made, no revision
 *      fences a snapshot (S9). What is to be written is then decided on the state read, or on a
 *      snapshot of a Service that has nothing yet (confirmFirst.ts). A slice that is made is made
 *      empty, and what goes in is decided when it is there (placeholders.ts).
 *   3. Route writes, if there are any. What follows from them is the next reconcile.
 *   4. Without route writes: the announcement that is owed (announce.ts), then the other writes.
 *   5. After a conflict, read again and decide again, at most three times.
 *
 * Guarantees: S3, S4, S9. Nothing is written from a snapshot past its deadline, or from state read
 * past its own (stateRead.ts). A missing Service is not an error. Rejects with KUBE_* or ABORTED;
 * conflicts to the end with the last of them.
 */

import { toRecheckDelay } from '../../lib/events/recheckDelay.ts';
import type { ReplyData } from '../../lib/events/reply.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { type Assessment, assess } from '../../lib/selection/assess.ts';
import { catchUp } from '../../lib/selection/catchUp.ts';
import type { Decision } from '../../lib/selection/decision.ts';
import { joinObservations } from '../../lib/selection/joinObservations.ts';
import type { Observations } from '../../lib/selection/observation.ts';
import type { Snapshot, Uid } from '../../lib/selection/snapshot.ts';
import type { Write } from '../../lib/selection/write.ts';
import { noTracing, type Tracing } from '../../lib/telemetry/tracing.ts';
import { type Carry, carryIn } from './carry.ts';
import { confirmFirst, isFirst } from './confirmFirst.ts';
import { admit, announcementDueAt, askedOf, note, noteAnnouncement } from './damping.ts';
import { placeholdersFirst, withPlaceholders } from './placeholders.ts';
import { type Basis, type SettleDeps, settle } from './settle.ts';
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
}

const MAX_REREADS = 3;
/**
 * How soon to reconcile again when an announcement did not get through. A sink that is down must
 * not cost a reconcile a second and Service.
 */
export const ANNOUNCE_AGAIN_MS = 5_000;

export interface ReconcileDeps extends SettleDeps {
  readonly readService: Reads['readService'];
  readonly whyHint: WhyHint;
}

export async function reconcile(
  request: ReconcileRequest,
  deps: ReconcileDeps,
  signal: AbortSignal,
): Promise<ReconcileResult> {
  const { service, type, evidence } = request;
  const sent = request.hint === null ? sentBasis(evidence) : null;
  const { ledger: known, warnings: carry } = carryIn(evidence, sent !== null);
  let ledger = known;
  let { hint } = request;
  let basis: Basis = sent ?? (await readBasis(request, deps, signal));

  let standing: Standing | null = null;
  const placed: Write[] = [];
  let isConfirmed = false;
  for (let attempt = 1; ; ) {
    const decidedAt = deps.now();
    const { decision, writes: wanted, nextLookAt } = select(basis.snapshot, decidedAt, deps.tracing);
    const { writes, heldBack, dueAt: heldUntil } = admit(ledger, wanted, basis.snapshot, decidedAt);
    const said = [decision.epoch, decision.leader?.uid ?? null];
    const announceAt = announcementDueAt(ledger, said, decidedAt);
    const places = placeholdersFirst(writes);
    const isMakingPlaceholders = places.length > 0;
    const whyNot: HintReason | null =
      basis.isRead || isConfirmed || writes.length === 0 ? null : deps.whyHint({ ...evidence, writes });
    const waitsForPlaces: boolean = whyNot === 'unfenced' && isMakingPlaceholders && isFirst(basis.snapshot);
    if (whyNot !== null && !waitsForPlaces) {
      hint = whyNot;
      basis = await readBasis(request, deps, signal, basis.snapshot);
      continue;
    }
    const isAnnounceable = announceAt === null && !heldBack.some(({ isRouteWrong }) => isRouteWrong);
    const asked = isMakingPlaceholders ? places : writes;
    const settling = { basis, decision, writes: asked, decidedAt, type, carry, isAnnounceable };
    const outcome = await settle(settling, deps, signal);
    // A placeholder does not count, but the patch that fills it does.
    const lasting = isMakingPlaceholders ? outcome.writes.filter(isOfService) : outcome.writes;
    ledger = note(ledger, askedOf(lasting, asked), decidedAt);
    if (outcome.kind === 'settled' && outcome.hasRecorded) ledger = noteAnnouncement(ledger, said, decidedAt);
    if (isMakingPlaceholders) placed.push(...outcome.writes);
    if (outcome.kind === 'stale') {
      if (!isMakingPlaceholders && outcome.writes.length > 0) standing = { decision, writes: outcome.writes };
      if (attempt > MAX_REREADS) throw outcome.error;
      const { namespace, name } = service;
      deps.metrics.retryAttempts.inc({ namespace, service: name, operation: 'write', attempt });
      attempt += 1;
      basis = await readBasis(request, deps, signal, basis.snapshot);
    } else if (isMakingPlaceholders && outcome.writes.length === places.length) {
      basis = { ...basis, snapshot: withPlaceholders(basis.snapshot, outcome) };
      isConfirmed = waitsForPlaces && (await confirmFirst(deps.api, basis.snapshot, signal));
    } else {
      // Fewer places than asked for: the namespace is going, and nothing more can be made in it.
      const whole = tellWhole(standing, {
        decision,
        writes: isMakingPlaceholders ? placed : [...placed, ...outcome.writes],
      });
      if (outcome.writes.length === 0) await deps.announcer.tellUndone(basis.snapshot, heldBack, signal);
      for (const { resource } of heldBack) deps.metrics.writesHeldBack.inc({ resource });
      const againAt = earliest(heldUntil, announceAt);
      const dueAt = earliest(earliest(nextLookAt, againAt), outcome.owes ? decidedAt + ANNOUNCE_AGAIN_MS : null);
      const reply = toReplyData(basis, decision, dueAt === null ? null : toRecheckDelay(dueAt - decidedAt));
      const sourceUid = basis.snapshot.source?.uid ?? null;
      return {
        ...whole,
        reply,
        carry: { warnings: outcome.carry, ledger },
        sourceUid,
        decidedAt,
        attempts: attempt,
        hint,
      };
    }
  }
}

function select(snapshot: Snapshot, now: number, tracing: Tracing = noTracing): Assessment {
  if (!tracing.isOn) return assess(snapshot, now);
  return tracing.span('select', { attributes: { 'zen_lead.candidates': snapshot.candidates.length } }, (span) => {
    const assessment = assess(snapshot, now);
    const { kind, reason } = assessment.decision;
    span.set({ 'zen_lead.decision': kind, 'zen_lead.reason': reason });
    return assessment;
  });
}

function isOfService(write: Write): boolean {
  return 'resource' in write && write.resource === 'services';
}

/** What was decided, and what of it was written. */
interface Standing {
  readonly decision: Decision;
  readonly writes: readonly Write[];
}

/**
 * A conflict can come after the route was written, at the other family's slice. What is then
 * decided finds the new leader in place and keeps it. What this reconcile did is still an election;
 * the reply is what the snapshot in it gives, so that replaying it agrees.
 */
function tellWhole(before: Standing | null, last: Standing): Standing {
  if (before === null) return last;
  const writes = [...before.writes, ...last.writes];
  const leaderUid = before.decision.leader?.uid;
  const isInPlace = last.decision.previous?.uid === leaderUid && last.decision.leader?.uid === leaderUid;
  return { decision: isInPlace ? before.decision : last.decision, writes };
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

/** `guess`: what was decided on before. */
async function readBasis(
  { service, observations }: ReconcileRequest,
  { readService, now, announcer }: ReconcileDeps,
  signal: AbortSignal,
  guess?: Snapshot,
): Promise<Basis> {
  const startedAt = now();
  try {
    const { snapshot, deadline } = await readService(service, signal, guess);
    return { snapshot: joinObservations(snapshot, observations?.(now())), deadline, isRead: true };
  } catch (error) {
    await announcer.tellUnread(service, { error, tookMs: now() - startedAt });
    throw error;
  }
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
