/**
 * onJobFlowEvent: the function for what was seen of a flow or its record, and for timers.
 *
 * The event says which flow to look at. No decision depends on its type.
 */

import type { FlowEvent, FlowReplyData } from '../../lib/flow/events/flowEvent.ts';
import { parseFlowSubject } from '../../lib/flow/events/flowSubject.ts';
import { type FlowDeps, reconcileFlow } from './reconcileFlow.ts';

export function onJobFlowEvent(event: FlowEvent, deps: FlowDeps, signal: AbortSignal): Promise<FlowReplyData> {
  return reconcileFlow(parseFlowSubject(event.subject), event.data, deps, signal);
}
