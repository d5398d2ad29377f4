/**
 * Finds the attempts of which nothing in the cluster knows when a deleted record is built again:
 * their Jobs are gone, and the status does not yet say that they ran. Only these may run twice.
 */

import { parseJob } from '../../../lib/flow/objects/parseJob.ts';
import { parseJobFlow } from '../../../lib/flow/objects/parseJobFlow.ts';
import type { FlowStatusView } from '../../../lib/flow/state/snapshot.ts';
import type { Etcd } from '../etcd.ts';
import type { KubeObject } from '../kubeObject.ts';

export interface Attempt {
  readonly step: string;
  readonly attempt: number;
}

/** Of `attempts`, which all had a Job. */
export function forgottenAttempts<A extends Attempt>(
  etcd: Etcd,
  flow: KubeObject,
  attempts: readonly A[],
): readonly A[] {
  const { status } = parseJobFlow(flow);
  const jobs = etcd
    .list('jobs')
    .map(parseJob)
    .filter(({ ownerUid }) => ownerUid === flow.metadata.uid);
  // A Job of a later attempt says that those before it are over.
  const isThere = ({ step, attempt }: Attempt) => jobs.some((job) => job.step === step && job.attempt >= attempt);
  return attempts.filter((each) => !isThere(each) && !saysThatItRan(status, each));
}

function saysThatItRan(status: FlowStatusView | null, { step, attempt }: Attempt): boolean {
  const seen = status?.steps.find(({ name }) => name === step);
  if (seen === undefined) return false;
  const latest = seen.retries + 1;
  return latest > attempt || (latest === attempt && seen.phase !== 'Pending' && seen.phase !== 'PendingApproval');
}
