/**
 * Builds an event that leaves for others with the cloudevents package, which validates it against
 * the schema of the specification.
 *
 * Guarantees: keeps id, time and every attribute as they are; only the order of the members
 * changes. INPUT_INVALID for an event that a consumer could not read. Loads the package when the
 * first event is built: it costs 0.2 s, and a reconcile needs none of it.
 * Does not guarantee that an incoming event is valid: the package invents a missing id and accepts
 * specversion 2.0 (envelope.ts).
 * Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md ;
 * https://github.com/cloudevents/sdk-javascript
 */

import type { CloudEventV1 } from 'cloudevents';
import { ZenLeadError } from '../errors.ts';

export async function buildCloudEvent<Event extends CloudEventV1<unknown>>(event: Event): Promise<Event> {
  const { CloudEvent, ValidationError } = await import('./cloudEventsPackage.ts');
  const given = Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
  try {
    return new CloudEvent<unknown>(given as Event, true) as unknown as Event;
  } catch (cause) {
    if (!(cause instanceof ValidationError || cause instanceof TypeError)) throw cause;
    const message = `event ${event.type} of ${event.subject}: ${cause.message}`;
    throw new ZenLeadError('INPUT_INVALID', message, { retry: 'never', path: 'event', cause });
  }
}
