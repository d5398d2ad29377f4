/**
 * traceReconciles: makes a span of each reconcile, below the delivery that the event's traceparent
 * names, where traces are on.
 *
 * Source:
 * https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md
 */

import type { Tracing } from '../../lib/telemetry/tracing.ts';
import type { Reconciler } from './reconciler.ts';

export function traceReconciles(reconciler: Reconciler, tracing: Tracing): Reconciler {
  if (!tracing.isOn) return reconciler;
  return {
    reconcile(event, isTrusted, signal) {
      const { namespace, name } = event.subject;
      const attributes = {
        'cloudevents.event_type': event.type,
        'cloudevents.event_id': event.id,
        'k8s.namespace.name': namespace,
        'zen_lead.service': name,
        'zen_lead.is_trusted': isTrusted,
      };
      return tracing.span('reconcile', { kind: 'consumer', parent: event.traceparent, attributes }, async (span) => {
        const reply = await reconciler.reconcile(event, isTrusted, signal);
        const { decision, reason, epoch, basis } = reply.data;
        span.set({ 'zen_lead.decision': decision, 'zen_lead.reason': reason, 'zen_lead.basis': basis });
        span.set({ 'zen_lead.epoch': epoch });
        return reply;
      });
    },
    reconcileAround(hint, findConcerned, signal) {
      const attributes = { 'cloudevents.event_type': hint.type, 'k8s.namespace.name': hint.namespace };
      return tracing.span('reconcile around', { kind: 'consumer', attributes }, () =>
        reconciler.reconcileAround(hint, findConcerned, signal),
      );
    },
  };
}
