/**
 * Decides whether a flow starts nothing more, and what of it is ended for that.
 *
 * Guarantees: the first reason stays, but that Terminated follows Stopped. Suspended time does not
 * count against the deadline.
 */

import type { FlowSpec } from '../spec/flowSpec.ts';
import { type FlowRecord, hasEnded, type StepReason, type StepRecord, type StopReason } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';
import type { Progress } from './progress.ts';
import { isSkipAsked } from './requests.ts';

/** By the user, or by the clock. */
export function stopFromOutside(progress: Progress, now: number): void {
  const { stop } = progress.record();
  const { shutdown } = progress.spec;
  if (!hasOpenSteps(progress)) return;
  if (shutdown === 'Stop' && stop === null) set(progress, 'Stopped', now);
  if (shutdown === 'Terminate' && (stop === null || stop.reason === 'Stopped')) set(progress, 'Terminated', now);
  const deadline = deadlineAt(progress);
  if (progress.record().stop === null && deadline !== null && deadline <= now)
    set(progress, 'ActiveDeadlineExceeded', now);
}

/** By a step that failed in this decision. What failed earlier has been decided about. */
export function stopByFailure(progress: Progress, now: number): void {
  if (progress.record().stop !== null) return;
  const tolerated = (name: string) => progress.ordered.find((step) => step.name === name)?.continueOnFailure === true;
  const failure = progress
    .changes()
    .find(
      ({ step, to }) =>
        to === 'Failed' && progress.step(step).phase === 'Failed' && !progress.isFinal(step) && !tolerated(step),
    );
  if (failure === undefined) return;
  const isRejected = failure.reason === 'Rejected' || failure.reason === 'ApprovalTimeout';
  set(progress, isRejected ? 'Rejected' : 'StepFailed', now);
}

/**
 * Ends the running steps of a flow that may not go on. Their Jobs are then deleted (Z6). `unread`:
 * steps whose Jobs have ended by themselves, and which end by what these gave.
 */
export function endRunning(
  progress: Progress,
  flow: FlowView,
  now: number,
  unread: ReadonlySet<string> = new Set(),
): void {
  const reason = endReason(progress, now);
  if (reason === null) return;
  for (const { name } of progress.ordered) {
    if (progress.isFinal(name) || progress.step(name).phase !== 'Running' || unread.has(name)) continue;
    progress.change(name, { ...endEarly(flow, name, reason), endedAt: now });
  }
}

/**
 * How a step ends that could not go on. A skip that was asked for before is kept now: taken up
 * afterwards, it would bring back a flow that has stopped for something else.
 */
export function endEarly(flow: FlowView, name: string, reason: StepReason): Pick<StepRecord, 'phase' | 'reason'> {
  return isSkipAsked(flow, name) ? { phase: 'Skipped', reason: 'Bypassed' } : { phase: 'Failed', reason };
}

function endReason(progress: Progress, now: number): StepReason | null {
  const { stop } = progress.record();
  if (stop === null) return null;
  if (progress.spec.shutdown === 'Terminate') return 'Terminated';
  const deadline = deadlineAt(progress);
  if (deadline !== null && deadline <= now) return 'ActiveDeadlineExceeded';
  const byFailure =
    stop.reason === 'StepFailed' || stop.reason === 'Rejected' || stop.reason === 'BackoffLimitExceeded';
  return byFailure && progress.spec.policy.onFailure === 'Cancel' ? 'Cancelled' : null;
}

/** Null while suspended, without a deadline, and once only `finally` is left. */
export function deadlineAt(progress: Progress): number | null {
  const { activeDeadlineMs } = progress.spec.policy;
  const { startedAt, pausedMs, suspendedAt } = progress.record();
  if (activeDeadlineMs === null || suspendedAt !== null || !hasOpenSteps(progress)) return null;
  return startedAt + pausedMs + activeDeadlineMs;
}

/**
 * A shutdown works while suspended: then the flow goes on to its end. No deadline of flow or
 * `finally` counts the time.
 */
export function settleSuspension(progress: Progress, now: number): boolean {
  const { suspendedAt, pausedMs, finallyAt } = progress.record();
  const isSuspended = progress.spec.suspend && progress.spec.shutdown === null;
  if (isSuspended && suspendedAt === null) progress.changeFlow({ suspendedAt: now });
  if (!isSuspended && suspendedAt !== null) {
    const suspendedMs = Math.max(0, now - suspendedAt);
    progress.changeFlow({
      suspendedAt: null,
      pausedMs: pausedMs + suspendedMs,
      finallyAt: finallyAt === null ? null : finallyAt + suspendedMs,
    });
  }
  return isSuspended;
}

/** Null while suspended, and where nothing of `finally` is open. */
export function finallyDeadlineAt(progress: Progress): number | null {
  const { finallyAt, suspendedAt } = progress.record();
  const isOpen = progress.ordered.some(({ name }) => progress.isFinal(name) && !hasEnded(progress.step(name)));
  if (finallyAt === null || suspendedAt !== null || !isOpen) return null;
  return finallyAt + progress.spec.policy.finallyDeadlineMs;
}

/** When the time to live of a flow is over; null while it has not ended. Epoch milliseconds. */
export function expiresAt({ policy }: FlowSpec, endedAt: number | null): number | null {
  return endedAt === null ? null : endedAt + policy.ttlMs;
}

export function hasOpenSteps(progress: Progress): boolean {
  return progress.ordered.some(({ name }) => !progress.isFinal(name) && !hasEnded(progress.step(name)));
}

function set(progress: Progress, reason: StopReason, at: number): void {
  progress.changeFlow({ stop: { reason, at } satisfies FlowRecord['stop'] });
}
