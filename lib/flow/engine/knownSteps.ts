/** Says whether a record belongs to its flow, and whether a flow without one has started. */

import type { FlowRecord } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';

/** A record whose hash is right has each step, unless a person wrote it. */
export function hasEveryStep({ steps }: FlowRecord, { spec }: FlowView): boolean {
  const known = new Set(steps.map(({ name }) => name));
  return [...spec.steps, ...spec.finally].every(({ name }) => known.has(name));
}

/** The status of a flow that was refused has no record behind it. */
export function hasStarted({ status }: FlowView): boolean {
  if (status === null || status.recordRevision > 0) return status !== null;
  return status.phase !== 'Pending' && status.phase !== 'Failed';
}
