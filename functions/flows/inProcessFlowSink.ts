/**
 * Runs the functions of flows in the process of the bridge, as the sink of `zen-flow run`. Nothing
 * is serialised.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { Sink } from '../../lib/events/sink.ts';
import type { FlowEvent, FlowReply } from '../../lib/flow/events/flowEvent.ts';
import { parseFlowSubject } from '../../lib/flow/events/flowSubject.ts';
import { toFlowReply } from '../../lib/flow/events/toFlowReply.ts';
import { toAnswer } from '../answer.ts';
import { createFlowReconciler } from './flowReconciler.ts';
import { onJobEvent } from './onJobEvent.ts';
import { onJobFlowEvent } from './onJobFlowEvent.ts';
import type { FlowDeps, FlowRequest } from './reconcileFlow.ts';

export function createInProcessFlowSink(deps: FlowDeps): Sink<FlowEvent, FlowReply> {
  const reconciler = createFlowReconciler(deps);
  return async (event, signal) => {
    try {
      if (signal.aborted) throw new ZenLeadError('ABORTED', 'given up: the caller has gone', { retry: 'never' });
      const run = event.type.startsWith('io.zen-flow.job.') ? onJobEvent : onJobFlowEvent;
      const data = await run(toRequest(event), reconciler, signal);
      const { source, subject } = event;
      return { status: 200, reply: toFlowReply({ source, subject, decidedAt: deps.now() }, data) };
    } catch (error) {
      // Over HTTP there would be no answer either.
      if (signal.aborted || codeOf(error) === 'ABORTED') throw error;
      const { status, retryAfterMs, body } = toAnswer(error);
      deps.log.warn({ err: error, subject: event.subject }, 'a flow could not be reconciled');
      return {
        status,
        detail: body.message,
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(body.scope !== undefined && { scope: body.scope }),
      };
    }
  };
}

function toRequest({ subject, data, time }: FlowEvent): FlowRequest {
  return { flow: parseFlowSubject(subject), data, observedAt: Date.parse(time) };
}
