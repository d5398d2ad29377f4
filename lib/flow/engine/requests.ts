/**
 * Reads what a person asks of a running or ended flow, as annotations, and takes up retries.
 * Answers are read in answers.ts.
 *
 * Guarantees: taking up a request again changes nothing, because attempts are asked for by number.
 */

import type { FlowSpec, Step } from '../spec/flowSpec.ts';
import { ancestorsOf } from '../spec/order.ts';
import { requestPrefix } from '../state/names.ts';
import { hasEnded, type StopReason } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';
import { type Progress, without } from './progress.ts';

export function isSkipAsked({ annotations }: FlowView, step: string): boolean {
  return annotations[`${requestPrefix.skip}/${step}`] === 'true';
}

/** Of any step: few flows are asked for more, and each is asked about several times a decision. */
function isAsked({ annotations }: FlowView, request: 'attempts' | 'skip'): boolean {
  return Object.keys(annotations).some((key) => key.startsWith(`${requestPrefix[request]}/`));
}

function attemptsAsked({ annotations }: FlowView, step: string): number {
  const value = annotations[`${requestPrefix.attempts}/${step}`] ?? '';
  return /^\d{1,3}$/.test(value) ? Number(value) : 0;
}

/**
 * Takes up each request for more attempts of an ended step. What did not run because of its failure
 * may run after all. A flow that was shut down, or whose deadline ends it, starts nothing.
 *
 * `steps` are those of the flow, or those of `finally`. False where nothing was asked.
 */
export function takeUpRetries(progress: Progress, flow: FlowView, steps: readonly Step[], now: number): boolean {
  if (!isAsked(flow, 'attempts') || !mayGoOn(progress)) return false;
  const asked = steps.filter(({ name }) => {
    const step = progress.step(name);
    return hasEnded(step) && step.attempt < attemptsAsked(flow, name);
  });
  if (asked.length > 0) goOn(progress, steps, asked, now);
  return asked.length > 0;
}

/** Takes up each request to go on without a step that has failed, or that waited for such a one. */
export function takeUpSkips(progress: Progress, flow: FlowView, steps: readonly Step[], now: number): void {
  if (!isAsked(flow, 'skip') || !mayGoOn(progress)) return;
  const asked = steps.filter(({ name }) => {
    const { phase, reason } = progress.step(name);
    return (phase === 'Failed' || reason === 'UpstreamFailed') && isSkipAsked(flow, name);
  });
  if (asked.length > 0) goOn(progress, steps, asked, now);
}

/** The deadline of a flow that has ended starts again. */
function mayGoOn(progress: Progress): boolean {
  const { stop, endedAt } = progress.record();
  if (startsNothingMore(progress.spec, stop?.reason ?? null)) return false;
  return stop?.reason !== 'ActiveDeadlineExceeded' || endedAt !== null;
}

const finalStops: ReadonlySet<string> = new Set<StopReason>(['Stopped', 'Terminated', 'RecordTooLarge']);

/** Whatever is asked of it. `reason`: why the flow has stopped; null where it has not. */
export function startsNothingMore({ shutdown }: FlowSpec, reason: string | null): boolean {
  return shutdown !== null || (reason !== null && finalStops.has(reason));
}

function goOn(progress: Progress, steps: readonly Step[], asked: readonly Step[], now: number): void {
  const { endedAt, suspendedAt } = progress.record();
  for (const { name } of asked) reopen(progress, name, progress.step(name).attempt + 1);
  for (const { name } of steps) {
    const { phase, reason, attempt, startedAt } = progress.step(name);
    const isBehind = reason === 'UpstreamFailed' && follows(steps, name, asked);
    if (phase !== 'Skipped' || (!isBehind && reason !== 'Stopped')) continue;
    // A question that was asked before the stop has ended. It is asked again as another attempt.
    reopen(progress, name, startedAt === null ? attempt : attempt + 1);
  }
  const restart = { startedAt: now, pausedMs: 0, suspendedAt: suspendedAt === null ? null : now };
  const isOfSteps = asked.some(({ name }) => !progress.isFinal(name));
  progress.changeFlow({
    endedAt: null,
    // Another flow of the group may run by now.
    ...(endedAt !== null && { groupAt: null }),
    ...(isOfSteps && { stop: null, ...(endedAt !== null && restart) }),
    // `finally` has its whole time again, once nothing of the steps is open.
    finallyAt: null,
  });
}

function reopen(progress: Progress, name: string, attempt: number): void {
  progress.change(name, {
    phase: 'Pending',
    reason: null,
    attempt,
    jobUid: null,
    startedAt: null,
    endedAt: null,
    by: null,
  });
  // What it gave stays until this attempt has ended: a Job may be made of it yet.
  const { inputs } = progress.record();
  if (Object.hasOwn(inputs, name)) progress.changeFlow({ inputs: without(inputs, name) });
}

function follows(steps: readonly Step[], name: string, others: readonly Step[]): boolean {
  const before = ancestorsOf(steps, name);
  return others.some((other) => before.has(other.name));
}
