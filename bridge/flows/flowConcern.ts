/** FlowConcern: the concern of a flow, with what its event says about why. */

import type { FlowChange, FlowEventType } from '../../lib/flow/events/flowEvent.ts';
import type { Cause } from '../domain.ts';
import { type Concern, type Source, sourceKey } from '../queue/concern.ts';

export interface FlowConcern extends Concern {
  readonly type: FlowEventType;
  readonly change: FlowChange;
}

/**
 * The concern without a change. One flow that has more to do at once lets the others go first:
 * otherwise a flow of a thousand steps holds them up.
 */
export function toFlowConcern({ namespace, name }: Source, cause: Cause, at: number, afterMs?: number): FlowConcern {
  const flow = { key: sourceKey({ namespace, name }), namespace, name, observedAt: at };
  const verb = cause === 'start' ? 'added' : cause;
  const concern = { ...flow, type: `io.zen-flow.jobflow.${verb}`, change: { kind: 'JobFlow', name, verb } } as const;
  if (cause === 'start') return { ...concern, lane: 'change' };
  return { ...concern, lane: cause === 'resync' || afterMs === 0 ? 'low' : 'change', dueAt: at };
}
