/**
 * traceSink: wraps a Sink so that its deliveries are spans.
 *
 *   change (what was observed -> the first answer)
 *     deliver (one attempt; the function's spans are below it, by the event's traceparent)
 *
 * Guarantees: the trace id is the one that the event was made with, which is also in the log lines.
 * The traceparent that is sent says what was sampled, so that a function follows it.
 */

import type { Sink, SinkAnswer } from '../../lib/events/sink.ts';
import type { Tracing } from '../../lib/telemetry/tracing.ts';
import type { OutgoingEvent } from './outgoingEvent.ts';

export function traceSink<E extends OutgoingEvent, R>(sink: Sink<E, R>, tracing: Tracing): Sink<E, R> {
  if (!tracing.isOn) return sink;
  /**
   * Of events that may be sent again: what their first attempt belongs to. Held no longer than the
   * event is.
   */
  const roots = new WeakMap<E, string>();

  function deliver(event: E, signal: AbortSignal, parent: string | undefined): Promise<SinkAnswer<R>> {
    return tracing.span('deliver', { kind: 'producer', parent }, async (span) => {
      const traceparent = span.traceparent();
      const answer = await sink({ ...event, ...(traceparent !== undefined && { traceparent }) }, signal);
      span.set({ 'zen_lead.status': answer.status });
      return answer;
    });
  }

  return (event, signal) => {
    const root = roots.get(event);
    if (root !== undefined) return deliver(event, signal, root);
    const { type, subject, id, time, data } = event;
    const attributes = {
      'cloudevents.event_type': type,
      'cloudevents.event_subject': subject,
      'cloudevents.event_id': id,
      'zen_lead.is_hint': data.snapshot === undefined,
    };
    const start = { beginning: event.traceparent, startAt: Date.parse(time), attributes };
    return tracing.span('change', start, (span) => {
      const traceparent = span.traceparent();
      if (traceparent !== undefined) roots.set(event, traceparent);
      return deliver(event, signal, undefined);
    });
  };
}
