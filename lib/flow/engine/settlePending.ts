/**
 * Settles the steps that wait: skips, asks, or makes ready to start.
 *
 * Guarantees: a condition is evaluated once, when the dependencies have ended, and its result is in
 * the record (Z12). A step becomes ready only when its dependencies are satisfied there (Z8).
 */

import { conditionValues } from '../data/conditionValues.ts';
import { parseWhen } from '../spec/conditions.ts';
import type { Step } from '../spec/flowSpec.ts';
import { hasEnded, letsGoOn, type StepReason, type StepRecord } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';
import { answerOf, signatureOf } from './answers.ts';
import { retryAt } from './backoff.ts';
import { type Knowledge, prepareStep } from './prepareStep.ts';
import type { Progress } from './progress.ts';
import { findReopened, type Reopened } from './reopened.ts';
import { isSkipAsked } from './requests.ts';
import { MAX_STARTS, roomOf } from './room.ts';

export interface Circumstances {
  readonly flow: FlowView;
  /** Why nothing starts for now; null where it may. */
  readonly hold: 'Suspended' | 'Group' | null;
  /** Nothing of these steps starts any more. */
  readonly isStopped: boolean;
  readonly now: number;
  readonly knowledge: Knowledge;
  /** Collects what is missing of steps whose turn has not come. */
  readonly later: Knowledge;
  /** Running steps whose Jobs have ended. How is still to be read. */
  readonly unread: ReadonlySet<string>;
}

/**
 * Asks for the facts of as many steps as may start in this decision. The others have their turn
 * later: to read for all of a thousand steps would take longer than what was read may be written.
 */
export function settlePending(progress: Progress, steps: readonly Step[], circumstances: Circumstances): void {
  const { knowledge, later, now } = circumstances;
  const waiting = { ...circumstances, knowledge: later };
  const reopened = findReopened(progress, steps);
  let places = Math.min(roomOf(progress), MAX_STARTS);
  for (const step of steps) {
    const { phase } = progress.step(step.name);
    if (phase === 'PendingApproval') settleApproval(progress, step, circumstances);
    if (phase !== 'Pending') continue;
    const asked = knowledge.reads.length;
    settleWaiting(progress, step, reopened, places > 0 ? circumstances : waiting);
    if (knowledge.reads.length > asked || isDue(progress, step, now)) places -= 1;
  }
}

/** It takes one of the places. */
function isDue(progress: Progress, step: Step, now: number): boolean {
  const record = progress.step(step.name);
  return step.type === 'Job' && isReady(record) && (retryAt(step, record) ?? now) <= now;
}

/** Ready: the condition has been evaluated, and only room or time is waited for. */
export function isReady({ phase, reason }: StepRecord): boolean {
  return phase === 'Pending' && reason !== null && readyReasons.has(reason);
}

const readyReasons: ReadonlySet<StepReason> = new Set(['Parallelism', 'Backoff', 'Suspended', 'Group']);

function settleWaiting(progress: Progress, step: Step, reopened: Reopened, circumstances: Circumstances): void {
  const { hold, isStopped, now } = circumstances;
  const before = progress.step(step.name);
  const settled = isStopped
    ? stopWaiting(progress, step, before, circumstances)
    : settleUnstopped(progress, step, before, reopened, circumstances);
  if (settled === 'dependencies') progress.change(step.name, { reason: 'Dependencies' });
  else if (settled !== 'ready') progress.change(step.name, { ...settled, endedAt: now });
  else if (step.type === 'Manual' && hold === null) {
    progress.change(step.name, { phase: 'PendingApproval', reason: null, startedAt: now });
    settleApproval(progress, step, circumstances);
  } else if (!isReady(before)) progress.change(step.name, { reason: hold ?? 'Parallelism' });
}

interface Ended {
  readonly phase: 'Skipped' | 'Failed' | 'Succeeded';
  readonly reason: StepReason;
  /** Where it is not the one that was waited for. */
  readonly attempt?: number;
}

function stopWaiting(progress: Progress, step: Step, { reason, attempt }: StepRecord, { flow }: Circumstances): Ended {
  if (isSkipAsked(flow, step.name)) return { phase: 'Skipped', reason: 'Bypassed' };
  // The next attempt never ran.
  if (reason === 'Backoff') return { phase: 'Failed', reason: 'JobFailed', attempt: attempt - 1 };
  const isBehind = step.dependencies.some((name) => hasFailed(progress)(progress.step(name)));
  return { phase: 'Skipped', reason: isBehind ? 'UpstreamFailed' : 'Stopped' };
}

function settleUnstopped(
  progress: Progress,
  step: Step,
  before: StepRecord,
  reopened: Reopened,
  { flow, knowledge, now }: Circumstances,
): Ended | 'dependencies' | 'ready' {
  const dependencies = step.dependencies.map((name) => progress.step(name));
  if (!dependencies.every(hasEnded) || reopened.isBefore(step)) return 'dependencies';
  if (isSkipAsked(flow, step.name)) return { phase: 'Skipped', reason: 'Bypassed' };
  if (isReady(before)) return 'ready';
  if (!dependencies.every(isSatisfied(progress))) return { phase: 'Skipped', reason: 'UpstreamFailed' };
  const result = evaluateWhen(progress, step, flow);
  if (result === 'error') return { phase: 'Failed', reason: 'WhenError' };
  if (!result) return { phase: 'Skipped', reason: 'WhenFalse' };
  const prepared = prepareStep(progress, flow, step, knowledge, now);
  return prepared === 'waits' ? 'dependencies' : prepared;
}

function settleApproval(progress: Progress, step: Step, { flow, isStopped, now }: Circumstances): void {
  const { startedAt } = progress.step(step.name);
  const { timeoutMs, onTimeout } = step.approval;
  const end = (phase: 'Succeeded' | 'Failed' | 'Skipped', reason: StepReason, by: string | null = null) =>
    progress.change(step.name, { phase, reason, endedAt: now, by });
  const answer = answerOf(flow, step);
  if (isSkipAsked(flow, step.name)) end('Skipped', 'Bypassed');
  else if (isStopped) end('Skipped', 'Stopped');
  else if (answer === 'approved') end('Succeeded', 'Approved', signatureOf(flow, step.name));
  else if (answer === 'rejected') end('Failed', 'Rejected', signatureOf(flow, step.name));
  else if (timeoutMs !== null && (startedAt ?? now) + timeoutMs <= now) {
    if (onTimeout === 'Approve') end('Succeeded', 'ApprovalTimeout');
    else if (onTimeout === 'Skip') end('Skipped', 'Bypassed');
    else end('Failed', 'ApprovalTimeout');
  }
}

function evaluateWhen(progress: Progress, step: Step, flow: FlowView): boolean | 'error' {
  // A person who asks for one more attempt has decided already.
  if (step.when === null || progress.step(step.name).attempt > 1) return true;
  const condition = parseWhen(progress.spec, step, step.when);
  if (condition.kind === 'problem') return 'error';
  // It chooses among the items (lib/flow/data/items.ts).
  if (condition.readsItem) return true;
  const outcome = condition.evaluate(conditionValues(flow, progress.spec, progress.record(), condition.stepNames));
  return outcome.kind === 'error' ? 'error' : outcome.value;
}

function isSatisfied(progress: Progress): (dependency: StepRecord) => boolean {
  return (dependency) => letsGoOn(dependency) || (dependency.phase === 'Failed' && !hasFailed(progress)(dependency));
}

function hasFailed(progress: Progress): (dependency: StepRecord) => boolean {
  return ({ name, phase, reason }) => {
    if (phase === 'Skipped') return reason === 'UpstreamFailed';
    return phase === 'Failed' && progress.ordered.find((step) => step.name === name)?.continueOnFailure !== true;
  };
}
