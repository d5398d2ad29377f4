/**
 * createFlowReconciler: stands between an event and `reconcileFlow`. Hints of one flow are
 * coalesced.
 *
 * Guarantees: an event without data that may decide uses nothing of it but the name of the flow.
 */

import type { FlowChange, FlowEventData, FlowReplyData } from '../../lib/flow/events/flowEvent.ts';
import { createCoalescer } from '../reconcile/coalesce.ts';
import { countCalls } from './countCalls.ts';
import { type FlowDeps, type FlowRequest, reconcileFlow } from './reconcileFlow.ts';
import { createViewPace } from './viewPace.ts';

export interface FlowReconciler {
  reconcile(request: FlowRequest, signal: AbortSignal): Promise<FlowReplyData>;
}

/** Each may hold the state that it reads. */
const MAX_HINTS = 1_000;

export function createFlowReconciler(options: FlowDeps, maxHints = MAX_HINTS): FlowReconciler {
  const deps = { ...options, api: countCalls(options.api, options.metrics), views: createViewPace() };
  const hints = createCoalescer<FlowReplyData>(maxHints);
  return {
    reconcile(request, signal) {
      const { flow, data } = request;
      const run = (stop: AbortSignal) => reconcileFlow(request, deps, stop);
      return data.snapshot === undefined ? hints.run(`${flow.namespace}/${flow.name}`, run, signal) : run(signal);
    },
  };
}

const nothingSeen: FlowChange = { kind: 'JobFlow', name: '', verb: 'resync' };

/** Of an event whose data says nothing. `carry`: of a trusted sender. */
export function hintData(carry?: string): FlowEventData {
  return { change: nothingSeen, deadline: 0, ...(carry !== undefined && { carry }) };
}
