/**
 * Builds the record of a flow again that is missing although the flow has started (Z14).
 *
 * Guarantees: pure. What ran does not run again: a Job that is there counts before the status, and
 * a step that ran by the status and has no Job any more counts as deleted while it ran.
 * Does not guarantee what neither says: the status may be behind, and a Job that a person deleted
 * within that time is made again. The time that a flow was suspended is lost.
 */

import {
  type FlowRecord,
  hasEnded,
  newRecord,
  type StepRecord,
  type StopReason,
  type Values,
} from '../state/record.ts';
import type { FlowSnapshot, FlowView, JobView, StepStatusView } from '../state/snapshot.ts';

const stopReasons: readonly StopReason[] = [
  'Stopped',
  'Terminated',
  'ActiveDeadlineExceeded',
  'BackoffLimitExceeded',
  'Rejected',
  'StepFailed',
  'RecordTooLarge',
];

export function rebuildRecord(flow: FlowView, jobs: FlowSnapshot['jobs'], now: number): FlowRecord {
  const empty = newRecord(flow.spec, flow.specHash, now);
  const { status } = flow;
  const seen = new Map((status?.steps ?? []).map((step) => [step.name, step]));
  const steps = empty.steps.map((step) => rebuildStep(step, seen.get(step.name), lastJob(jobs, step.name), now));
  const reason = stopReasons.find((each) => each === status?.reason) ?? null;
  const final = new Set(flow.spec.finally.map(({ name }) => name));
  const isOpen = steps.some((step) => !final.has(step.name) && !hasEnded(step));
  // Where a person retries a step after that, its time begins again (Z10).
  const hasFinallyBegun = !isOpen && steps.some(({ name, phase }) => final.has(name) && phase !== 'Pending');
  return {
    ...empty,
    rev: status?.recordRevision ?? 0,
    startedAt: status?.startedAt ?? now,
    retries: [...seen.values()].reduce((sum, { retries }) => sum + retries, 0),
    stop: reason === null ? null : { reason, at: now },
    finallyAt: hasFinallyBegun ? now : null,
    endedAt: steps.every(hasEnded) ? (status?.endedAt ?? now) : null,
    steps,
    outputs: outputsOf(steps, seen),
  };
}

function outputsOf(steps: FlowRecord['steps'], seen: ReadonlyMap<string, StepStatusView>): FlowRecord['outputs'] {
  return Object.fromEntries(
    steps.flatMap(({ name, phase }): [string, Values][] => {
      const outputs = seen.get(name)?.outputs ?? {};
      return phase === 'Succeeded' && Object.keys(outputs).length > 0 ? [[name, outputs]] : [];
    }),
  );
}

function lastJob(jobs: FlowSnapshot['jobs'], step: string): JobView | null {
  const own = jobs.filter((job) => job.isOurs && job.step === step);
  return own.reduce<JobView | null>((last, job) => (last === null || job.attempt > last.attempt ? job : last), null);
}

/** A Job's uid is never empty, so that no Job of this uid is found. */
const UNKNOWN_JOB = 'unknown';

function rebuildStep(step: StepRecord, seen: StepStatusView | undefined, job: JobView | null, now: number): StepRecord {
  const attempt = (seen?.retries ?? 0) + 1;
  const isOver = seen !== undefined && isEnded(seen) && (job?.attempt ?? 0) <= (neverRan(seen) ? 0 : attempt);
  if (job !== null && !isOver && job.attempt >= attempt) {
    const startedAt = seen?.startedAt ?? now;
    return { ...step, phase: 'Running', attempt: job.attempt, jobUid: job.uid, startedAt };
  }
  if (seen === undefined) return step;
  const { phase, startedAt, endedAt, exitCode, by } = seen;
  const jobUid = phase === 'Running' ? (seen.jobUid ?? UNKNOWN_JOB) : seen.jobUid;
  const reason = (isEnded(seen) || seen.reason === 'Backoff' ? seen.reason : null) as StepRecord['reason'];
  return { ...step, phase, reason, attempt, jobUid, startedAt, endedAt, exitCode, by };
}

/** Skipped, and not while it ran: a Job of the same attempt was made after the flow came back. */
function neverRan({ phase, reason }: StepStatusView): boolean {
  return phase === 'Skipped' && reason !== 'Bypassed';
}

function isEnded({ phase }: StepStatusView): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Skipped';
}
