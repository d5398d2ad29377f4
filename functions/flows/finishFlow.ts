/**
 * finishFlow: ends a reconcile of one flow. It writes the view, tells others, and makes the reply.
 *
 * Guarantees: the reply has all that was written, by each pass of the reconcile.
 */

import { toRecheckDelay } from '../../lib/events/recheckDelay.ts';
import type { Decision } from '../../lib/flow/engine/advance.ts';
import type { StepChange } from '../../lib/flow/engine/progress.ts';
import type { FlowReplyData } from '../../lib/flow/events/flowEvent.ts';
import { attemptKey, type Facts } from '../../lib/flow/state/facts.ts';
import type { FlowPhase } from '../../lib/flow/state/flowPhase.ts';
import type { FlowRecord } from '../../lib/flow/state/record.ts';
import type { FlowSnapshot, RefusedStart } from '../../lib/flow/state/snapshot.ts';
import { announceOwed } from './announceOwed.ts';
import { type FlowCarry, writeFlowCarry } from './flowCarry.ts';
import { createAgainAt } from './overQuota.ts';
import type { SharedFlowDeps } from './reconcileFlow.ts';
import { settleFlow } from './settleFlow.ts';
import { type StatusWritten, writeStatus } from './writeStatus.ts';

/** What the passes of one reconcile have found out and done together. */
export interface Done {
  /** Of what ended, and of what is about to start. The group may have changed since. */
  readonly facts?: Facts;
  readonly refused: readonly RefusedStart[];
  readonly changes: readonly StepChange[];
  /** The steps whose Jobs the API server did not take for now. */
  readonly unmade: ReadonlySet<string>;
  /** What keeps them away. */
  readonly failure: unknown;
  readonly overQuota: unknown;
  /** Of the flow, as people were told. */
  readonly phase: FlowPhase | null | undefined;
}

export const nothingDone: Done = {
  refused: [],
  changes: [],
  unmade: new Set(),
  failure: undefined,
  overQuota: undefined,
  phase: undefined,
};

/** How the last pass of a reconcile has settled. */
interface Settled {
  readonly decision: Decision;
  /** When it was made. */
  readonly at: number;
  /** With the record as it is now. */
  readonly snapshot: FlowSnapshot;
  /** What a recording has to hold. */
  readonly decidedOn: FlowSnapshot;
  readonly deadline: number;
  readonly isOfEvent: boolean;
  readonly done: Done;
}

export async function finishFlow(
  { decision, at, snapshot, isOfEvent, deadline, decidedOn, done }: Settled,
  carry: FlowCarry,
  deps: SharedFlowDeps,
  signal: AbortSignal,
): Promise<FlowReplyData> {
  const { kind, phase, reason } = decision;
  const { flow } = snapshot;
  const areHeld = carry.createAgainAt > at;
  const shown = shownRecord(snapshot, unmadeOf(snapshot, done, areHeld));
  const isKept = flow !== null && !flow.terminating && !decision.deletesFlow;
  const status = await view();
  const announcing = { snapshot, told: carry.told, hasWritten: isWriting(decision) };
  const announced = await announceOwed(announcing, deps.announcer, deps.now, signal);
  // Another pass notes it where the record has moved on meanwhile.
  if (announced.record !== null)
    await settleFlow({ ...decision, record: announced.record }, snapshot, deadline, deps, signal);
  const againAt = done.overQuota === undefined || shown === null ? null : createAgainAt(shown, done.unmade, at);
  const heldUntil = againAt ?? (areHeld ? carry.createAgainAt : 0);
  const next = writeFlowCarry({ statusAt: status.writtenAt, told: announced.told, createAgainAt: heldUntil });
  const recheckAfterMs = delayOf(decision, at, [status.dueAt, announced.dueAt, againAt], deps.now());
  return {
    decision: kind,
    phase,
    reason,
    changes: done.changes.map((change) =>
      change.to === 'Running' && done.unmade.has(change.step) ? { ...change, reason: 'Quota' } : change,
    ),
    basis: isOfEvent ? 'event' : 'read',
    ...(!isOfEvent && { snapshot: decidedOn }),
    ...(decidedOn.facts !== undefined && { facts: decidedOn.facts }),
    ...(recheckAfterMs !== null && { recheckAfterMs }),
    ...(next !== undefined && { carry: next }),
  };

  async function view(): Promise<StatusWritten> {
    if (!isKept) return { writtenAt: 0, dueAt: null };
    const now = deps.now();
    // The next pass writes it by what it finds.
    if (now >= deadline) return { writtenAt: carry.statusAt, dueAt: now };
    return writeStatus(flow, decision, shown, carry.statusAt, deps, signal);
  }
}

/**
 * 0 where more is to do at once, which the bridge leaves to other flows first. An instant that has
 * come meanwhile is not that.
 */
function delayOf(
  { nextReconcileAt }: Decision,
  decidedAt: number,
  others: readonly (number | null)[],
  now: number,
): number | null {
  if (nextReconcileAt !== null && nextReconcileAt <= decidedAt) return 0;
  const instants = [nextReconcileAt, ...others].filter((instant) => instant !== null);
  return instants.length === 0 ? null : Math.max(1, toRecheckDelay(Math.min(...instants) - now));
}

/** Those that this reconcile could not make, or an earlier one, while they are not tried again. */
function unmadeOf({ flow, jobs }: FlowSnapshot, { unmade }: Done, areHeld: boolean): ReadonlySet<string> {
  if (!areHeld) return unmade;
  const made = new Set(jobs.map(({ step, attempt }) => attemptKey(step, attempt)));
  const held = (flow?.status?.steps ?? []).filter(
    ({ name, reason, retries }) => reason === 'Quota' && !made.has(attemptKey(name, retries + 1)),
  );
  return new Set([...unmade, ...held.map(({ name }) => name)]);
}

function isWriting({ record, starts, deletes, holds, deletesFlow, createsRecord, group }: Decision): boolean {
  const isMore = [starts, deletes, holds].some(({ length }) => length > 0) || deletesFlow || createsRecord;
  return isMore || record !== null || group.acquires !== null || group.replaces !== null;
}

/** With what the record does not say: why a step that runs has no Job yet. */
function shownRecord({ record }: FlowSnapshot, unmade: ReadonlySet<string>): FlowRecord | null {
  const found = record?.record ?? null;
  if (found === 'unreadable' || found === null) return null;
  if (unmade.size === 0) return found;
  const steps = found.steps.map((step) =>
    unmade.has(step.name) && step.phase === 'Running' ? { ...step, reason: 'Quota' as const } : step,
  );
  return { ...found, steps };
}
