/** Says in which phase a flow is, by its record alone. */

import type { FlowSpec } from '../spec/flowSpec.ts';
import { type FlowRecord, hasEnded, type StepRecord, type StopReason } from './record.ts';

export type FlowPhase = 'Pending' | 'Running' | 'Paused' | 'Suspended' | 'Finalizing' | 'Succeeded' | 'Failed';

export type FlowReason = StopReason | 'ValidationFailed' | 'DAGCycle' | 'RecordUnreadable' | 'SpecChanged';

export interface FlowState {
  readonly phase: FlowPhase;
  readonly reason: FlowReason | null;
}

/** `Paused`: only people are waited for. */
export function flowPhase(spec: FlowSpec, record: FlowRecord): FlowState {
  const reason = record.stop?.reason ?? (hasFailedStep(spec, record) ? 'StepFailed' : null);
  if (record.endedAt !== null) return { phase: reason === null ? 'Succeeded' : 'Failed', reason };
  if (record.suspendedAt !== null) return { phase: 'Suspended', reason };
  const open = record.steps.filter((step) => !hasEnded(step));
  if (record.groupAt === null && open.some((step) => step.reason === 'Group')) return { phase: 'Pending', reason };
  const isWaiting = open.some(({ phase }) => phase === 'PendingApproval') && !open.some(isMoving);
  if (isWaiting) return { phase: 'Paused', reason };
  const final = new Set(spec.finally.map(({ name }) => name));
  return { phase: open.every(({ name }) => final.has(name)) ? 'Finalizing' : 'Running', reason };
}

function isMoving({ phase, reason }: StepRecord): boolean {
  return phase === 'Running' || (phase === 'Pending' && reason !== null && reason !== 'Dependencies');
}

/** A step that may fail does not fail its flow. */
function hasFailedStep(spec: FlowSpec, { steps }: FlowRecord): boolean {
  const failed = steps.filter(({ phase }) => phase === 'Failed');
  if (failed.length === 0) return false;
  const tolerated = new Set(
    [...spec.steps, ...spec.finally].filter((step) => step.continueOnFailure).map(({ name }) => name),
  );
  return failed.some(({ name }) => !tolerated.has(name));
}
