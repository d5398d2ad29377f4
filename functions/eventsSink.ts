/**
 * EVENTS_SINK: where leader events go to reach others, a Broker for instance. Called by `announce`.
 *
 * Guarantees: resolves only on a 2xx; rejects with SINK_UNAVAILABLE or ABORTED otherwise. A redirect is not followed.
 */

import { request } from 'undici';
import { ZenLeadError } from '../lib/errors.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import { toStructured } from '../lib/events/toStructured.ts';

export type EventsSink = (event: ReplyEvent, signal: AbortSignal) => Promise<void>;

export function createEventsSink(url: string): EventsSink {
  return async (event, signal) => {
    const { headers, body } = toStructured(event);
    const status = await post(url, headers, body, signal);
    if (status < 200 || status > 299) throw unavailable(url, `answered ${status}`);
  };
}

async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<number> {
  try {
    const response = await request(url, { method: 'POST', headers: { ...headers }, body, signal });
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
