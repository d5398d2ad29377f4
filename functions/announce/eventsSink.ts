/**
 * Sends the news of leaders and flows to EVENTS_SINK, a Broker for instance.
 *
 * Guarantees: resolves only on a 2xx; rejects with SINK_UNAVAILABLE or ABORTED otherwise. A
 * redirect is not followed.
 * Source: https://knative.dev/docs/eventing/custom-event-source/sinkbinding/ (K_CE_OVERRIDES,
 * K_CA_CERTS).
 */

import { getCACertificates } from 'node:tls';
import type { CloudEventV1 } from 'cloudevents';
import { Agent } from 'undici';
import { ZenLeadError } from '../../lib/errors.ts';
import { buildCloudEvent } from '../../lib/events/buildCloudEvent.ts';
import type { ReplyEvent } from '../../lib/events/reply.ts';
import { toStructured } from '../../lib/events/toStructured.ts';
import { withExtensions } from '../../lib/events/withExtensions.ts';

export type EventsSink<Event = ReplyEvent> = (event: Event, signal: AbortSignal) => Promise<void>;

export interface EventsSinkOptions {
  /** PEM certificates to trust beside the system's (K_CA_CERTS). */
  readonly caCerts?: string | undefined;
  /** Set on every event (K_CE_OVERRIDES). */
  readonly extensions?: Readonly<Record<string, string>> | undefined;
}

export function createEventsSink<Event extends CloudEventV1<unknown> = ReplyEvent>(
  url: string,
  { caCerts, extensions }: EventsSinkOptions = {},
): EventsSink<Event> {
  const ca = caCerts === undefined ? undefined : [...getCACertificates('default'), caCerts];
  const agent = new Agent(ca === undefined ? {} : { connect: { ca } });
  return async (event, signal) => {
    const { headers, body } = toStructured(await buildCloudEvent(withExtensions(event, extensions)));
    const status = await post(agent, url, headers, body, signal);
    if (status < 200 || status > 299) throw unavailable(url, `answered ${status}`);
  };
}

async function post(
  agent: Agent,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<number> {
  const { origin, pathname, search } = new URL(url);
  try {
    const path = pathname + search;
    const response = await agent.request({ origin, path, method: 'POST', headers: { ...headers }, body, signal });
    await response.body.dump();
    return response.statusCode;
  } catch (cause) {
    throw unavailable(url, signal.aborted ? 'no answer in time' : 'no answer', cause);
  }
}

function unavailable(url: string, problem: string, cause?: unknown): ZenLeadError {
  return new ZenLeadError('SINK_UNAVAILABLE', `EVENTS_SINK ${new URL(url).host}: ${problem}`, {
    retry: 'later',
    cause,
  });
}
