/**
 * announceOwed: tells others what the record of a flow owes, in a pass that has nothing better to
 * do, and notes in the record what was told. docs/reference/flows.md#announcements
 *
 * Guarantees: at least once. Nothing is told before the record says it. A flow on its way pays no
 * write for it, because its next record notes what the carry remembers.
 */

import { leaveTold, type Outbox } from '../../lib/flow/announce/outbox.ts';
import { owe } from '../../lib/flow/announce/owedBy.ts';
import type { Decision } from '../../lib/flow/engine/advance.ts';
import type { FlowRecord } from '../../lib/flow/state/record.ts';
import { hasEnded } from '../../lib/flow/state/record.ts';
import type { FlowSnapshot } from '../../lib/flow/state/snapshot.ts';
import type { FlowAnnouncer } from './flowAnnouncer.ts';
import type { Told } from './flowCarry.ts';

/** What was told stands in no record for so long, where a flow takes its time. */
const NOTE_AFTER_MS = 30_000;
/** A flow whose time is over stays for so long while its last announcements do not get through. */
const KEEP_MS = 600_000;
const LOOK_AGAIN_MS = 1_000;

/** The decision, with what it owes in its record. */
export function withOutbox(
  decision: Decision,
  snapshot: FlowSnapshot,
  told: Told | null,
  announcer: FlowAnnouncer | undefined,
  now: number,
): Decision {
  const { flow } = snapshot;
  if (announcer === undefined || flow === null) return decision;
  const owing = owe(snapshot, decision, countOf(snapshot, told), now);
  if (owing.dropped > 0) announcer.drop(flow, owing.dropped);
  return decision.deletesFlow && isOwing(snapshot, owing.decision, told, now)
    ? { ...owing.decision, deletesFlow: false, nextReconcileAt: now + LOOK_AGAIN_MS }
    : owing.decision;
}

export interface Announcing {
  /** With the record as it is now. */
  readonly snapshot: FlowSnapshot;
  readonly told: Told | null;
  /** This pass has changed the flow, which goes first. */
  readonly hasWritten: boolean;
}

export interface AnnouncingDone {
  readonly told: Told | null;
  /** When to go on; null where nothing is owed. */
  readonly dueAt: number | null;
  /** What is told is to be noted in this record now. */
  readonly record: FlowRecord | null;
}

export async function announceOwed(
  { snapshot, told, hasWritten }: Announcing,
  announcer: FlowAnnouncer | undefined,
  now: () => number,
  signal: AbortSignal,
): Promise<AnnouncingDone> {
  const { flow, record: view } = snapshot;
  const record = view?.record ?? null;
  const outbox = record === null || record === 'unreadable' ? undefined : record.outbox;
  const nothing = { told, dueAt: null, record: null };
  if (announcer === undefined || flow === null || view === null || outbox === undefined) return nothing;
  if (record === null || record === 'unreadable' || outbox.entries.length === 0) return nothing;
  // The watch shows the record of this pass, which is a reason to look. This is for where it fails.
  if (hasWritten) return { ...nothing, dueAt: now() + LOOK_AGAIN_MS };
  const alreadyTold = countOf(snapshot, told);
  const owed = outbox.entries.slice(alreadyTold - outbox.told);
  const { count, retryAt } = owed.length === 0 ? noneOwed : await announcer.announce(flow, owed, signal);
  const toldNow = { recordUid: view.uid, count: alreadyTold + count };
  const isAllTold = count === owed.length;
  const noteAt = isMoving(record) ? (outbox.entries[0]?.at ?? 0) + NOTE_AFTER_MS : 0;
  const isNoteDue = toldNow.count > outbox.told && isAllTold && noteAt <= now();
  const rev = record.rev + 1;
  return {
    told: toldNow,
    dueAt: isAllTold ? (isNoteDue ? null : noteAt) : (retryAt ?? now()),
    record: isNoteDue ? { ...record, rev, outbox: leaveTold(outbox, toldNow.count, rev) } : null,
  };
}

const noneOwed = { count: 0, retryAt: null };

/** Its next record comes soon. */
function isMoving({ endedAt, suspendedAt, steps }: FlowRecord): boolean {
  return endedAt === null && suspendedAt === null && steps.some((step) => !hasEnded(step) && step.phase === 'Running');
}

function countOf({ record: view }: FlowSnapshot, told: Told | null): number {
  const outbox = outboxOf(view);
  const known = view !== null && told?.recordUid === view.uid ? told.count : 0;
  return Math.min(Math.max(outbox?.told ?? 0, known), (outbox?.told ?? 0) + (outbox?.entries.length ?? 0));
}

function outboxOf(view: FlowSnapshot['record']): Outbox | undefined {
  return view === null || view.record === null || view.record === 'unreadable' ? undefined : view.record.outbox;
}

/** Whether others are still to be told of a flow that is to be deleted. */
function isOwing(snapshot: FlowSnapshot, decision: Decision, told: Told | null, now: number): boolean {
  const { flow, record: view } = snapshot;
  const record = decision.record ?? (view?.record === 'unreadable' ? null : (view?.record ?? null));
  const outbox = record?.outbox;
  if (flow === null || record === null || record.endedAt === null || outbox === undefined) return false;
  if (now >= record.endedAt + flow.spec.policy.ttlMs + KEEP_MS) return false;
  const count = decision.record === null ? countOf(snapshot, told) : outbox.told;
  return outbox.told + outbox.entries.length > count;
}
