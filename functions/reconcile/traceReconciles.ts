/**
 * traceLooks: looks as spans, below the delivery that the event's traceparent names. Put around the looks by `createFunctionLooks` where
 * traces are on.
 *
 * Source: https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md
 */

import type { Tracing } from '../../lib/telemetry/tracing.ts';
import type { Looks } from './reconciler.ts';

export function traceLooks(looks: Looks, tracing: Tracing): Looks {
  if (!tracing.isOn) return looks;
  return {
    lookAt(event, isTrusted, signal) {
      const { namespace, name } = event.subject;
      const attributes = {
        'cloudevents.event_type': event.type,
        'cloudevents.event_id': event.id,
        'k8s.namespace.name': namespace,
        'zen_lead.service': name,
        'zen_lead.is_trusted': isTrusted,
      };
      return tracing.span('look', { kind: 'consumer', parent: event.traceparent, attributes }, async (span) => {
        const reply = await looks.lookAt(event, isTrusted, signal);
        const { decision, reason, epoch, basis } = reply.data;
        span.set({ 'zen_lead.decision': decision, 'zen_lead.reason': reason, 'zen_lead.basis': basis });
        span.set({ 'zen_lead.epoch': epoch });
        return reply;
      });
    },
    lookAround(hint, findConcerned, signal) {
      const attributes = { 'cloudevents.event_type': hint.type, 'k8s.namespace.name': hint.namespace };
      return tracing.span('look around', { kind: 'consumer', attributes }, () =>
        looks.lookAround(hint, findConcerned, signal),
      );
    },
  };
}
