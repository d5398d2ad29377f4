/**
 * onJobEvent: the function for what was seen of a Job: `io.zen-flow.job.*`, whose subject is the
 * flow, and Jobs of a Knative ApiServerSource, whose flow a label names.
 */

import type { FlowRef, FlowReplyData } from '../../lib/flow/events/flowEvent.ts';
import { isObjectName } from '../../lib/flow/events/flowSubject.ts';
import { parseJob } from '../../lib/flow/objects/parseJob.ts';
import { jobs, type KubeApi } from '../../lib/kube/kubeApi.ts';
import { readIfThere } from '../reconcile/readIfThere.ts';
import type { FlowReconciler } from './flowReconciler.ts';
import type { FlowRequest } from './reconcileFlow.ts';

export function onJobEvent(
  request: FlowRequest,
  reconciler: FlowReconciler,
  signal: AbortSignal,
): Promise<FlowReplyData> {
  return reconciler.reconcile(request, signal);
}

/** The flow that a Job is of; null where it is of none, or has gone. */
export async function findFlowOf(
  api: KubeApi,
  job: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<FlowRef | null> {
  const { namespace, name } = job;
  const found = await readIfThere(api, { resource: jobs, namespace, name }, parseJob, signal);
  return found === null || !isObjectName(found.flow) ? null : { namespace, name: found.flow };
}
