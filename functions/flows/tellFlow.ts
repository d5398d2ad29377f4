/**
 * tellFlow: writes the Kubernetes Events of one decision, which `kubectl describe` shows. The
 * reasons are those of the Go zen-flow.
 *
 * Guarantees: the name follows from flow, step, attempt and reason.
 * Does not guarantee that each change is told: a function that is killed between the record and the
 * Event tells nothing.
 */

import { codeOf } from '../../lib/errors.ts';
import type { Decision } from '../../lib/flow/engine/advance.ts';
import type { StepChange } from '../../lib/flow/engine/progress.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { type EventDeps, type News, writeEvents } from './writeEvents.ts';

export function tellFlow(flow: FlowView, decision: Decision, deps: EventDeps, signal: AbortSignal): Promise<void> {
  return writeEvents(
    'JobFlow',
    flow,
    [...decision.changes.flatMap(newsOfStep), ...newsOfFlow(flow, decision)],
    deps,
    signal,
  );
}

/** Of a Job that cannot be made for now: once for each version of the flow. */
export function tellFailure(flow: FlowView, error: unknown, deps: EventDeps, signal: AbortSignal): Promise<void> {
  const note = error instanceof Error ? error.message : String(error);
  const about = [flow.resourceVersion, codeOf(error) ?? ''];
  return writeEvents('JobFlow', flow, [{ type: 'Warning', reason: 'JobNotCreated', note, about }], deps, signal);
}

function newsOfStep({ step, to, reason, attempt }: StepChange): readonly News[] {
  const say = (type: News['type'], what: string, note: string): readonly News[] => [
    { type, reason: what, note: `step ${step}: ${note}`, about: [step, attempt] },
  ];
  switch (to) {
    case 'Running':
      return say('Normal', 'StepCreated', `attempt ${attempt} starts`);
    case 'PendingApproval':
      return say('Normal', 'StepPendingApproval', 'waits for an approval');
    case 'Succeeded':
      return reason === 'Approved'
        ? say('Normal', 'StepApproved', 'approved')
        : say('Normal', 'StepSucceeded', 'succeeded');
    case 'Failed':
      return say(
        'Warning',
        reason === 'Timeout' ? 'StepTimeout' : 'StepFailed',
        `failed with attempt ${attempt}: ${reason}`,
      );
    case 'Skipped':
      return say('Normal', 'StepSkipped', `skipped: ${reason}`);
    case 'Pending':
      return reason === 'Backoff' ? say('Warning', 'StepRetry', `attempt ${attempt} follows after a backoff`) : [];
  }
}

function newsOfFlow({ status, resourceVersion }: FlowView, { phase, reason, record }: Decision): readonly News[] {
  if (phase === null || phase === status?.phase) return [];
  const about = [record?.rev ?? resourceVersion];
  if (phase === 'Succeeded') return [{ type: 'Normal', reason: 'JobFlowSucceeded', note: 'the flow succeeded', about }];
  if (phase === 'Failed')
    return [{ type: 'Warning', reason: 'JobFlowFailed', note: `the flow failed: ${reason ?? 'unknown'}`, about }];
  if (phase === 'Suspended')
    return [{ type: 'Normal', reason: 'FlowPaused', note: 'the flow starts nothing for now', about }];
  return status?.phase === 'Suspended'
    ? [{ type: 'Normal', reason: 'FlowResumed', note: 'the flow goes on', about }]
    : [];
}
