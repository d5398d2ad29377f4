/**
 * Finds the Jobs that have to go. They run for nothing, or the policy does not keep them.
 *
 * Guarantees: only Jobs whose controller is the flow (Z13). No Job of ours stays for a step that
 * does not run at that attempt (Z6).
 */

import type { FlowSpec } from '../spec/flowSpec.ts';
import type { FlowRecord } from '../state/record.ts';
import type { FlowSnapshot, JobView } from '../state/snapshot.ts';

/**
 * A request to create a Job that hangs in the network for so long, until the Job has run and has
 * been deleted, would make it again. A name that is taken stops that.
 */
export const KEEP_ENDED_MS = 300_000;

export function runsForNothing({ jobs }: FlowSnapshot, record: FlowRecord): readonly JobView[] {
  const running = new Map(record.steps.filter(({ phase }) => phase === 'Running').map((step) => [step.name, step]));
  return jobs.filter((job) => {
    if (!job.isOurs || job.terminating || job.outcome !== null) return false;
    const step = running.get(job.step);
    return step?.attempt !== job.attempt || (step.jobUid !== null && step.jobUid !== job.uid);
  });
}

export interface Kept {
  readonly expired: readonly JobView[];
  /** When the next one expires. */
  readonly nextAt: number | null;
}

export function expiredJobs({ jobs }: FlowSnapshot, record: FlowRecord, spec: FlowSpec, now: number): Kept {
  const { retainJobs } = spec.policy;
  if (retainJobs === 'All') return { expired: [], nextAt: null };
  const running = new Set(
    record.steps.filter(({ phase }) => phase === 'Running').map(({ name, attempt }) => `${name}/${attempt}`),
  );
  const candidates = jobs.filter(
    ({ isOurs, terminating, outcome, step, attempt }) =>
      isOurs &&
      !terminating &&
      outcome !== null &&
      (retainJobs === 'None' || outcome.kind === 'Complete') &&
      !running.has(`${step}/${attempt}`),
  );
  const at = ({ outcome }: JobView) => (outcome?.at ?? now) + KEEP_ENDED_MS;
  const later = candidates.map(at).filter((each) => each > now);
  return {
    expired: candidates.filter((job) => at(job) <= now),
    nextAt: later.length === 0 ? null : Math.min(...later),
  };
}
