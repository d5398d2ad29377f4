/**
 * Makes the conditions of a flow.
 *
 * Guarantees: `lastTransitionTime` moves with `status` only.
 */

import type { JsonObject } from '../spec/flowSpec.ts';
import type { FlowState } from '../state/flowPhase.ts';
import type { FlowRecord } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';

export interface ConditionNow {
  readonly type: 'Valid' | 'Ready' | 'Complete' | 'Failed' | 'Suspended' | 'WaitingForApproval' | 'SpecChanged';
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message?: string;
}

export function conditionsOf(
  flow: FlowView,
  record: FlowRecord,
  { phase, reason }: FlowState,
  now: number,
): readonly JsonObject[] {
  const isAsked = record.steps.some((step) => step.phase === 'PendingApproval');
  const states: readonly ConditionNow[] = [
    { type: 'Valid', isTrue: true, reason: 'Valid' },
    readyOf(phase),
    { type: 'Complete', isTrue: phase === 'Succeeded', reason: phase === 'Succeeded' ? 'Succeeded' : 'NotComplete' },
    { type: 'Failed', isTrue: phase === 'Failed', reason: phase === 'Failed' ? (reason ?? 'Failed') : 'NotFailed' },
    { type: 'Suspended', isTrue: phase === 'Suspended', reason: phase === 'Suspended' ? 'Suspended' : 'NotSuspended' },
    { type: 'WaitingForApproval', isTrue: isAsked, reason: isAsked ? 'PendingApproval' : 'NotWaiting' },
    { type: 'SpecChanged', isTrue: false, reason: 'Unchanged' },
  ];
  return mergeConditions(flow, states, now);
}

/** Of a flow that fails before it starts. */
export function failedConditions(reason: string, message: string): readonly ConditionNow[] {
  return [
    { type: 'Valid', isTrue: false, reason, message },
    { type: 'Ready', isTrue: false, reason, message },
    { type: 'Complete', isTrue: false, reason: 'NotComplete' },
    { type: 'Failed', isTrue: true, reason, message },
    { type: 'Suspended', isTrue: false, reason: 'NotSuspended' },
    { type: 'WaitingForApproval', isTrue: false, reason: 'NotWaiting' },
    { type: 'SpecChanged', isTrue: false, reason: 'Unchanged' },
  ];
}

export function saysSpecChanged({ status }: FlowView): boolean {
  return status?.conditions.some(({ type, status: is }) => type === 'SpecChanged' && is === 'True') === true;
}

/** As of the Go zen-flow: a flow is ready while it runs, and once it has succeeded. */
function readyOf(phase: FlowState['phase']): ConditionNow {
  const isTrue = phase === 'Running' || phase === 'Finalizing' || phase === 'Succeeded';
  return { type: 'Ready', isTrue, reason: phase === 'Finalizing' ? 'FlowRunning' : `Flow${phase}` };
}

/** Those that `states` does not name stay as they are. */
export function mergeConditions(flow: FlowView, states: readonly ConditionNow[], now: number): readonly JsonObject[] {
  const before = new Map((flow.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  return states.map(({ type, isTrue, reason, message }) => {
    const status = isTrue ? 'True' : 'False';
    const old = before.get(type);
    const isSame = old?.status === status && old.lastTransitionTime !== '';
    return {
      type,
      status,
      reason,
      lastTransitionTime: isSame ? old.lastTransitionTime : toTime(now),
      observedGeneration: flow.generation,
      ...(message !== undefined && { message: message.slice(0, 1_024) }),
    };
  });
}

/** RFC 3339 to the second, as Kubernetes writes instants. */
export function toTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
