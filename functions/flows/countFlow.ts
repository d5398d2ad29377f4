/**
 * Adds what was decided about one flow to the metrics, once its record says so.
 *
 * Does not guarantee that each change counts: a function that is killed right after the write of
 * the record counts nothing.
 */

import { failureOfAttempt, isRetried } from '../../lib/flow/announce/owedBy.ts';
import type { Decision } from '../../lib/flow/engine/advance.ts';
import { retryDelayMs } from '../../lib/flow/engine/backoff.ts';
import type { StepChange } from '../../lib/flow/engine/progress.ts';
import { flowPhase } from '../../lib/flow/state/flowPhase.ts';
import type { FlowRecord, StepReason, StepRecord } from '../../lib/flow/state/record.ts';
import type { FlowSnapshot, FlowView } from '../../lib/flow/state/snapshot.ts';
import type { FlowMetrics } from '../../lib/telemetry/flowMetrics.ts';

export function countFlow(
  { flow, record, jobs }: FlowSnapshot,
  { record: after, changes }: Decision,
  metrics: FlowMetrics,
): void {
  if (flow === null || after === null) return;
  const before = record?.record === 'unreadable' ? null : (record?.record ?? null);
  countPhase(flow, before, after, metrics);
  const rowsBefore = rowsOf(before, changes);
  const rowsAfter = rowsOf(after, changes);
  for (const change of changes) {
    metrics.stepTransitions.inc({ flow: metrics.labels.flow(flow.name), phase: change.to });
    const row = rowsAfter.get(change.step);
    const old = rowsBefore.get(change.step);
    if (row === undefined) continue;
    countEnd({ flow, jobs, change, old, row }, metrics);
  }
}

/** Of the steps that have changed, which are few. */
function rowsOf(record: FlowRecord | null, changes: readonly StepChange[]): ReadonlyMap<string, StepRecord> {
  const names = new Set(changes.map(({ step }) => step));
  return new Map(record?.steps.filter(({ name }) => names.has(name)).map((step) => [step.name, step]));
}

function countPhase(flow: FlowView, before: FlowRecord | null, after: FlowRecord, metrics: FlowMetrics): void {
  const { phase } = flowPhase(flow.spec, after);
  if (before === null || flowPhase(flow.spec, before).phase !== phase)
    metrics.jobFlowTransitions.inc({ phase, namespace: metrics.labels.namespace(flow.namespace) });
  if (after.stop?.reason === 'ActiveDeadlineExceeded' && before?.stop?.reason !== 'ActiveDeadlineExceeded')
    metrics.timeouts.inc({ flow: metrics.labels.flow(flow.name), step: '', timeout_type: 'jobflow_timeout' });
}

interface StepMove {
  readonly flow: FlowView;
  readonly jobs: FlowSnapshot['jobs'];
  readonly change: StepChange;
  readonly old: StepRecord | undefined;
  readonly row: StepRecord;
}

function countEnd({ flow, jobs, change, old, row }: StepMove, metrics: FlowMetrics): void {
  const label = metrics.labels.flow(flow.name);
  const both = metrics.labels.step(flow.name, change.step);
  const tookSeconds = secondsBetween(old?.startedAt ?? null, row.endedAt);
  if (change.from === 'PendingApproval' && tookSeconds !== null)
    metrics.approvalSeconds.observe({ flow: label }, tookSeconds);
  if (change.from === 'Running' && tookSeconds !== null)
    metrics.stepSeconds.observe(
      { flow: label, result: change.to === 'Succeeded' ? 'success' : 'failure' },
      tookSeconds,
    );
  const isAgain = isRetried(change);
  const failure = isAgain ? failureOfAttempt(change, jobs) : change.to === 'Failed' ? change.reason : null;
  if (failure !== null) metrics.stepErrors.inc({ ...both, error_type: failure });
  const timeout = timeoutOf(isAgain ? failure : change.reason);
  if (timeout !== null) metrics.timeouts.inc({ ...both, timeout_type: timeout });
  if (!isAgain) return;
  metrics.stepRetries.inc(both);
  const retry = [...flow.spec.steps, ...flow.spec.finally].find(({ name }) => name === change.step)?.retry ?? null;
  if (retry !== null) metrics.retryBackoffSeconds.observe({ flow: label }, retryDelayMs(retry, row.attempt) / 1_000);
}

function timeoutOf(reason: StepReason | null): string | null {
  if (reason === 'Timeout') return 'step_timeout';
  if (reason === 'ApprovalTimeout') return 'approval_timeout';
  return reason === 'FinallyDeadlineExceeded' ? 'finally_timeout' : null;
}

function secondsBetween(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : Math.max(0, to - from) / 1_000;
}
