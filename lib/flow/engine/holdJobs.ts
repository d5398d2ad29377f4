/**
 * Says which running Jobs have to be suspended or released.
 *
 * Guarantees: only Jobs whose controller is the flow (Z13), and of those that are suspended only
 * the ones that zen-flow suspended: others belong to a person or a queue. The Job of a step that
 * runs once is released when the record has its uid, or gets it in this decision.
 */

import type { FlowSpec } from '../spec/flowSpec.ts';
import type { FlowRecord } from '../state/record.ts';
import type { FlowSnapshot, JobView } from '../state/snapshot.ts';

export interface Hold {
  readonly job: JobView;
  readonly suspend: boolean;
}

export function holdsOf({ jobs }: FlowSnapshot, record: FlowRecord, spec: FlowSpec): readonly Hold[] {
  const running = new Map(record.steps.filter(({ phase }) => phase === 'Running').map((step) => [step.name, step]));
  const isWanted = spec.suspendJobs && record.suspendedAt !== null;
  return jobs.flatMap((job): readonly Hold[] => {
    const step = running.get(job.step);
    const isLive = job.isOurs && !job.terminating && job.outcome === null;
    if (!isLive || step?.attempt !== job.attempt || step.jobUid !== job.uid) return [];
    const isSuspended = job.suspended === true;
    if (isWanted && !isSuspended) return [{ job, suspend: true }];
    return !isWanted && isSuspended && job.held !== undefined ? [{ job, suspend: false }] : [];
  });
}
