/** onJobEvent: the function for what was seen of a Job of a flow. Its subject is the flow. */

import type { FlowEvent, FlowReplyData } from '../../lib/flow/events/flowEvent.ts';
import { parseFlowSubject } from '../../lib/flow/events/flowSubject.ts';
import { type FlowDeps, reconcileFlow } from './reconcileFlow.ts';

export function onJobEvent(event: FlowEvent, deps: FlowDeps, signal: AbortSignal): Promise<FlowReplyData> {
  return reconcileFlow(parseFlowSubject(event.subject), event.data, deps, signal);
}
