/**
 * Sets the extension attributes of K_CE_OVERRIDES on an event.
 *
 * Guarantees: extension attributes only. An id, a subject or a type that is not ours would make
 * another event of it.
 * Source: CloudEvents 1.0.2, "Context Attributes", and the members of its JSON format;
 * https://knative.dev/docs/eventing/custom-event-source/sinkbinding/ (K_CE_OVERRIDES).
 */

const reserved = new Set(
  'specversion id source type subject time datacontenttype dataschema data data_base64'.split(' '),
);

export function withExtensions<Event extends object>(
  event: Event,
  extensions: Readonly<Record<string, string>> = {},
): Event {
  return { ...event, ...Object.fromEntries(Object.entries(extensions).filter(([name]) => !reserved.has(name))) };
}
