/**
 * Decides about flows as a function does, and writes nothing. Its replies hold all that a decision
 * depended on, so that it can be made again without a cluster.
 */

import { readFacts } from '../../../functions/flows/readFacts.ts';
import { readFlow } from '../../../functions/flows/readFlow.ts';
import { toRecheckDelay } from '../../../lib/events/recheckDelay.ts';
import type { Sink } from '../../../lib/events/sink.ts';
import { advance } from '../../../lib/flow/engine/advance.ts';
import type { FlowEvent, FlowReply } from '../../../lib/flow/events/flowEvent.ts';
import { flowSubject, parseFlowSubject } from '../../../lib/flow/events/flowSubject.ts';
import { toFlowReply } from '../../../lib/flow/events/toFlowReply.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';

/** Outputs, inputs and kept results of one chain of steps are asked for one after the other. */
const MAX_PASSES = 10;

export function createDryFlowSink(api: KubeApi): Sink<FlowEvent, FlowReply> {
  return async ({ source, subject, data }, signal) => {
    const ref = parseFlowSubject(subject);
    const now = Date.now();
    const isRead = data.snapshot === undefined || advance(data.snapshot, now).needsRead;
    let snapshot = isRead || data.snapshot === undefined ? await readFlow(api, ref, signal) : data.snapshot;
    let decision = advance(snapshot, now);
    for (let pass = 0; pass < MAX_PASSES && decision.reads.length > 0 && snapshot.flow !== null; pass += 1) {
      snapshot = { ...snapshot, facts: await readFacts(api, snapshot.flow, decision.reads, snapshot.facts, signal) };
      decision = advance(snapshot, now);
    }
    const { kind, phase, reason, changes, nextReconcileAt } = decision;
    const context = { source, subject: flowSubject(ref), decidedAt: now };
    const reply = toFlowReply(context, {
      ...{ decision: kind, phase, reason, changes, basis: isRead ? ('read' as const) : ('event' as const) },
      ...(isRead && { snapshot }),
      ...(snapshot.facts !== undefined && { facts: snapshot.facts }),
      ...(nextReconcileAt !== null && { recheckAfterMs: toRecheckDelay(nextReconcileAt - now) }),
    });
    return { status: 200, reply };
  };
}
