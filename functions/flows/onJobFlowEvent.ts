/**
 * onJobFlowEvent: the function for what was seen of a flow or its record, and for timers:
 * `io.zen-flow.jobflow.*`, and JobFlows of a Knative ApiServerSource.
 *
 * The event says which flow to look at. No decision depends on its type.
 */

import type { FlowReplyData } from '../../lib/flow/events/flowEvent.ts';
import type { FlowReconciler } from './flowReconciler.ts';
import type { FlowRequest } from './reconcileFlow.ts';

export function onJobFlowEvent(
  request: FlowRequest,
  reconciler: FlowReconciler,
  signal: AbortSignal,
): Promise<FlowReplyData> {
  return reconciler.reconcile(request, signal);
}
