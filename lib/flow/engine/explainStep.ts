/**
 * Explains where one step stands, and what would lead on: one sentence for `simulate`, `explain`
 * and the status.
 *
 * Guarantees: pure; a function of spec, annotations and record.
 */

import type { FlowSpec, Step } from '../spec/flowSpec.ts';
import { requestPrefix } from '../state/names.ts';
import { type FlowRecord, hasEnded, type StepRecord } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';
import { explainIgnored } from './answers.ts';
import { retryAt } from './backoff.ts';

export function explainStep(flow: Pick<FlowView, 'spec' | 'annotations'>, record: FlowRecord, step: Step): string {
  const { spec } = flow;
  const own = record.steps.find(({ name }) => name === step.name);
  if (own === undefined) return 'is not in the record';
  switch (own.phase) {
    case 'Pending':
      return explainPending(spec, record, step, own);
    case 'PendingApproval':
      return explainQuestion(flow, step);
    case 'Running':
      if (own.reason === 'Quota') return 'waits until the API server takes its Job: a quota is used up, or it is busy';
      return `runs, attempt ${own.attempt}`;
    case 'Succeeded':
      return own.reason === null ? `succeeded with attempt ${own.attempt}` : `succeeded: ${explainReason(step, own)}`;
    case 'Failed':
      return `failed: ${explainReason(step, own)}`;
    case 'Skipped':
      return `was skipped: ${explainReason(step, own)}`;
  }
}

function explainQuestion(flow: Pick<FlowView, 'annotations'>, step: Step): string {
  const ignored = explainIgnored(flow, step);
  const asks = `waits for a person: annotation ${requestPrefix.approved}/${step.name}: "true" or "false"`;
  return ignored === null ? asks : `${asks}; ${ignored}`;
}

function explainPending(spec: FlowSpec, record: FlowRecord, step: Step, own: StepRecord): string {
  const open = step.dependencies.filter((name) => record.steps.some((each) => each.name === name && !hasEnded(each)));
  const due = retryAt(step, own);
  switch (own.reason) {
    case 'Parallelism':
      return `waits for room: spec.parallelism lets ${spec.parallelism} steps run at once`;
    case 'Backoff':
      return `waits for attempt ${own.attempt}${due === null ? '' : `, which may begin at ${new Date(due).toISOString()}`}`;
    case 'Group':
      return `waits until the flow may run, of those of group ${spec.policy.concurrencyKey}`;
    case 'Suspended':
      return 'waits until spec.suspend is taken away';
    default:
      if (open.length > 0) return `waits for ${open.join(', ')}`;
      return spec.steps.some(({ name }) => name === step.name) ? 'waits for its turn' : 'waits for the last step';
  }
}

function explainReason(step: Step, { reason, attempt, exitCode, by }: StepRecord): string {
  switch (reason) {
    case 'WhenFalse':
      return `its condition was false: ${step.when}`;
    case 'WhenError':
      return `its condition could not be evaluated: ${step.when}`;
    case 'UpstreamFailed':
      return `something that it needs failed: ${step.dependencies.join(', ')}`;
    case 'Stopped':
      return 'the flow starts nothing more';
    case 'Bypassed':
      return 'a person asked for it';
    case 'Memoized':
      return 'the result of an earlier run was kept';
    case 'NoItems':
      return 'it has no items to run for';
    case 'InvalidInput':
      return 'an input has no value, its items cannot be computed, or its values make the Job too large';
    case 'OutputsLost':
      return `the Job of attempt ${attempt} completed, and did not give its outputs, or more than 4 KiB of them`;
    case 'Approved':
      return `approved by ${by}`;
    case 'Rejected':
      return `rejected by ${by}`;
    case 'ApprovalTimeout':
      return 'no person answered in time';
    case 'Timeout':
      return `attempt ${attempt} took longer than its Job may`;
    case 'JobDeleted':
      return `the Job of attempt ${attempt} was deleted while it ran`;
    case 'InvalidTemplate':
      return 'the API server refused its Job, or the name of the Job is taken';
    case 'Terminated':
      return 'spec.shutdown is Terminate';
    case 'Cancelled':
      return 'another step failed, and executionPolicy.onFailure is Cancel';
    case 'ActiveDeadlineExceeded':
    case 'FinallyDeadlineExceeded':
      return reason === 'ActiveDeadlineExceeded' ? 'the flow took too long' : 'the steps of spec.finally took too long';
    default:
      return `the Job of attempt ${attempt} failed${exitCode === null ? '' : ` with exit code ${exitCode}`}`;
  }
}
