/**
 * toFlowStatus, toFlowGraph: what the status API says of one flow, and of its steps.
 *
 * By its record, which says what was decided, and not by its status, which follows it.
 */

import { flowPhase } from '../../lib/flow/state/flowPhase.ts';
import { type FlowRecord, hasEnded, type StepPhase } from '../../lib/flow/state/record.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';

export interface FlowStatus {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  readonly reason: string | null;
  readonly ended: number;
  readonly failed: number;
  readonly total: number;
  /** Up to MAX_WAITING steps that wait for a person. */
  readonly waiting: readonly string[];
  /** RFC 3339; null before the start, and before the end. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** Grows with every change, so that a reader of the steps knows when to read again. */
  readonly revision: number;
}

export interface FlowStepStatus {
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly isFinal: boolean;
  readonly isManual: boolean;
  readonly phase: StepPhase;
  readonly reason: string | null;
  readonly attempt: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface FlowGraph extends FlowStatus {
  readonly steps: readonly FlowStepStatus[];
}

/** What the store of a bridge has of one flow. */
export interface WatchedFlow {
  readonly flow: FlowView;
  readonly record: FlowRecord | null;
}

const MAX_WAITING = 5;

export function toFlowStatus({ flow, record }: WatchedFlow): FlowStatus {
  const { namespace, name, spec, status } = flow;
  const state = record === null ? status : flowPhase(spec, record);
  const steps = record?.steps ?? [];
  return {
    namespace,
    name,
    phase: state?.phase ?? 'Pending',
    reason: state?.reason ?? null,
    ended: steps.filter(hasEnded).length,
    failed: steps.filter(({ phase }) => phase === 'Failed').length,
    total: spec.steps.length + spec.finally.length,
    waiting: steps
      .filter(({ phase }) => phase === 'PendingApproval')
      .slice(0, MAX_WAITING)
      .map((step) => step.name),
    startedAt: toTime(record?.startedAt ?? null),
    endedAt: toTime(record?.endedAt ?? null),
    revision: record?.rev ?? 0,
  };
}

export function toFlowGraph(watched: WatchedFlow): FlowGraph {
  const { spec } = watched.flow;
  const rows = new Map(watched.record?.steps.map((step) => [step.name, step]));
  const final = new Set(spec.finally.map(({ name }) => name));
  const steps = [...spec.steps, ...spec.finally].map(({ name, dependencies, type }): FlowStepStatus => {
    const row = rows.get(name);
    return {
      name,
      dependencies,
      isFinal: final.has(name),
      isManual: type === 'Manual',
      phase: row?.phase ?? 'Pending',
      reason: row?.reason ?? null,
      attempt: row?.attempt ?? 1,
      startedAt: toTime(row?.startedAt ?? null),
      endedAt: toTime(row?.endedAt ?? null),
    };
  });
  return { ...toFlowStatus(watched), steps };
}

function toTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
