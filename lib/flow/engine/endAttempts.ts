/**
 * Ends the attempts whose Jobs have ended or gone.
 *
 * Guarantees: an attempt ends once (Z7). A Job that is not in the list is gone only by a consistent
 * read (Z2), and one whose uid is recorded is never made again (Z3). Counters of a Job are never
 * read: one with failed pods may still complete.
 */

import { conditionValues } from '../data/conditionValues.ts';
import { lacksMemoTemplate } from '../data/memo.ts';
import { fitOutputs } from '../data/outputBounds.ts';
import { isImplicit, wantedOutputs } from '../data/wantedOutputs.ts';
import { parseRetryWhen } from '../spec/conditions.ts';
import type { FlowSpec, Step } from '../spec/flowSpec.ts';
import { attemptKey } from '../state/facts.ts';
import type { StepReason, StepRecord, Values } from '../state/record.ts';
import type { FlowSnapshot, FlowView, JobOutcome, JobView } from '../state/snapshot.ts';
import { endSucceeded, isSuccess } from './endSucceeded.ts';
import { canRender, type Knowledge } from './prepareStep.ts';
import type { Progress } from './progress.ts';

/** A watch delivers what was created within milliseconds. After this long, read. */
export const UNSEEN_JOB_MS = 2_000;

/**
 * The uid of a Job is recorded along with the next write, so that a short step costs one write. One
 * that runs for longer gets a write of its own: until then, a Job that a person deletes is made
 * again.
 */
export const RECORD_UID_MS = 30_000;

export interface Missing {
  readonly step: string;
  /** When the state has to be read, if nothing is seen until then. */
  readonly readAt: number;
}

export interface AttemptsSeen {
  /** Their Jobs are in the record, and not in the list. */
  readonly missing: readonly Missing[];
  /** Running by the record, and by a consistent read without a Job: the create was lost. */
  readonly lost: readonly string[];
  /** Their Jobs have ended. How is still to be read. */
  readonly unread: ReadonlySet<string>;
  /** When uids have to be recorded that nothing else has recorded until then. */
  readonly uidsDueAt: number | null;
}

export function endAttempts(
  progress: Progress,
  flow: FlowView,
  { jobs, basis, refused = [], createAgainAt = 0 }: FlowSnapshot,
  knowledge: Knowledge,
  now: number,
): AttemptsSeen {
  const missing: Missing[] = [];
  const lost: string[] = [];
  const unread = new Set<string>();
  const due: number[] = [];
  for (const step of progress.ordered) {
    const running = progress.step(step.name);
    if (running.phase !== 'Running') continue;
    const job = findJob(jobs, running);
    const isRefused = refused.some(({ step: name, attempt }) => name === step.name && attempt === running.attempt);
    if (job === undefined && isRefused) {
      progress.change(step.name, { phase: 'Failed', reason: 'InvalidTemplate', endedAt: now });
      continue;
    }
    const exitCode = job === undefined ? undefined : exitCodeOf(job, knowledge);
    if (job?.outcome?.kind === 'Failed' && exitCode === undefined && readsExitCodes(progress.spec)) {
      knowledge.reads.push({ kind: 'exitCode', job: job.name, uid: job.uid });
      unread.add(step.name);
      continue;
    }
    // The key of what is kept is a hash of the template.
    if (job?.outcome?.kind === 'Complete' && basis === 'watch' && lacksMemoTemplate(progress.spec, step)) {
      missing.push({ step: step.name, readAt: now });
      continue;
    }
    if (job !== undefined && running.jobUid === null) {
      const dueAt = afterStart(running, RECORD_UID_MS, now);
      if (dueAt <= now || step.once) progress.change(step.name, { jobUid: job.uid });
      else {
        progress.note(step.name, { jobUid: job.uid });
        due.push(dueAt);
      }
    }
    const outcome = job?.outcome == null ? null : endedBy(job.outcome, now);
    if (job !== undefined && outcome !== null && isSuccess(step, outcome)) {
      endSucceeded(progress, flow, step, { ...job, outcome, exitCode: exitCode ?? 0 }, knowledge);
      if (progress.step(step.name).phase === 'Running') unread.add(step.name);
    } else if (job !== undefined && outcome?.kind === 'Failed') {
      const ended = { reason: failureOf(outcome.reason), exitCode: exitCode ?? null, at: outcome.at, job };
      endFailed(progress, flow, step, ended, knowledge);
      if (progress.step(step.name).phase === 'Running') unread.add(step.name);
    } else if (job === undefined && running.jobUid === null && createAgainAt > now) {
      missing.push({ step: step.name, readAt: createAgainAt });
    } else if (job === undefined && basis === 'watch') {
      missing.push({
        step: step.name,
        readAt: running.jobUid === null ? afterStart(running, UNSEEN_JOB_MS, now) : now,
      });
    } else if (job === undefined && running.jobUid === null) {
      // A step that ran again after the start of this one may have given nothing.
      if (canRender(progress, flow, step)) lost.push(step.name);
      else progress.change(step.name, { phase: 'Failed', reason: 'InvalidInput', endedAt: now });
    } else if (job === undefined) {
      endFailed(progress, flow, step, { reason: 'JobDeleted', exitCode: null, at: now, job: null }, knowledge);
    }
  }
  return { missing, lost, unread, uidsDueAt: due.length === 0 ? null : Math.min(...due) };
}

/** Undefined where it was not read, null where no pod of the Job is left. */
function exitCodeOf({ uid, exitCode }: JobView, { facts }: Knowledge): number | null | undefined {
  return exitCode ?? facts.exitCodes?.[uid];
}

/** A start that lies far ahead was recorded by another clock, and does not say how long ago. */
function afterStart({ startedAt }: StepRecord, ms: number, now: number): number {
  const at = startedAt ?? now;
  return at > now + UNSEEN_JOB_MS ? now : at + ms;
}

/**
 * The API server has another clock. An end that lies ahead of ours would put off a retry by what
 * the clocks differ.
 */
function endedBy(outcome: JobOutcome, now: number): JobOutcome {
  return { ...outcome, at: Math.min(outcome.at, now) };
}

/** It costs a read of the pods, so only a flow that mentions it pays. */
function readsExitCodes(spec: FlowSpec): boolean {
  return [...spec.steps, ...spec.finally].some(({ when, retry, forEach, memoize }) =>
    [when, retry?.when, forEach?.from, memoize?.key].some((text) => text?.includes('exitCode') === true),
  );
}

/** By uid, once that is recorded: another Job of the name is not the one that was started. */
function findJob(jobs: readonly JobView[], { name, attempt, jobUid }: StepRecord): JobView | undefined {
  return jobs.find(
    (job) => job.isOurs && job.step === name && job.attempt === attempt && (jobUid === null || job.uid === jobUid),
  );
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/job/#terminal-job-conditions */
export function failureOf(reason: string): StepReason {
  if (reason === 'DeadlineExceeded') return 'Timeout';
  return reason === 'PodFailurePolicy' ? 'PodFailurePolicy' : 'JobFailed';
}

interface Ended {
  readonly reason: StepReason;
  readonly exitCode: number | null;
  readonly at: number;
  /** Null where it is gone. */
  readonly job: JobView | null;
}

/** Another attempt, where the step and the flow allow it; else the step has failed. */
function endFailed(progress: Progress, flow: FlowView, step: Step, ended: Ended, knowledge: Knowledge): void {
  const { attempt, name } = progress.step(step.name);
  const { retries, stop } = progress.record();
  const { reason, exitCode, at } = ended;
  const isStopped = stop !== null && !progress.isFinal(name);
  // Each item is tried again by itself, within the one Job.
  const isLeft = step.retry !== null && step.forEach === null && attempt <= step.retry.limit;
  const isWanted = !isStopped && isLeft && allowsRetry(progress, flow, step, ended);
  if (isWanted && retries < progress.spec.policy.backoffLimit) {
    progress.changeFlow({ retries: retries + 1 });
    progress.change(name, {
      phase: 'Pending',
      reason: 'Backoff',
      attempt: attempt + 1,
      jobUid: null,
      endedAt: at,
      exitCode,
    });
    return;
  }
  const given = askedOf(progress, step, ended, knowledge);
  if (given === null) return;
  progress.change(name, { phase: 'Failed', reason, endedAt: at, exitCode });
  const { outputs } = progress.record();
  if (Object.keys(given).length > 0 && fitOutputs({ outputs }, name, given))
    progress.changeFlow({ outputs: { ...outputs, [name]: given } });
  if (isWanted && !step.continueOnFailure && !progress.isFinal(name)) {
    progress.changeFlow({ stop: { reason: 'BackoffLimitExceeded', at } });
  }
}

/**
 * What other steps ask of the status of its Job: they may run although it failed. Null where that
 * is yet to be read.
 */
function askedOf(progress: Progress, step: Step, { job }: Ended, { facts, reads }: Knowledge): Values | null {
  const asked = new Set(
    wantedOutputs(progress.spec, step)
      .map(({ name }) => name)
      .filter(isImplicit),
  );
  if (asked.size === 0 || job === null) return {};
  const { attempt } = progress.step(step.name);
  const given = facts.outputs[attemptKey(step.name, attempt)];
  if (given !== undefined) return Object.fromEntries(Object.entries(given).filter(([name]) => asked.has(name)));
  reads.push({ kind: 'outputs', step: step.name, attempt, job: job.name });
  return null;
}

/** A condition that cannot be evaluated gives no retry: it was to name the cases that get one. */
function allowsRetry(progress: Progress, flow: FlowView, step: Step, { reason, exitCode }: Ended): boolean {
  const text = step.retry?.when ?? null;
  if (text === null) return true;
  const condition = parseRetryWhen(progress.spec, step, text);
  if (condition.kind === 'problem') return false;
  const ended = { exitCode: exitCode ?? -1, reason, attempt: progress.step(step.name).attempt };
  const outcome = condition.evaluate({
    ...conditionValues(flow, progress.spec, progress.record(), condition.stepNames),
    ended,
  });
  return outcome.kind === 'value' && outcome.value;
}
