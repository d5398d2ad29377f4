/**
 * createDeadLetters: logs and counts each event that delivery gives up, and sends it to
 * DEAD_LETTER_SINK where there is one. The reason has the form that Knative's own data plane
 * writes.
 *
 * Guarantees: at most `MAX_IN_FLIGHT` at a time, each with `TIMEOUT_MS`. One more is counted and
 * logged, and not sent: a dead letter must not hold up what still lives.
 * Does not guarantee that it arrives: it is sent once.
 * Source: https://knative.dev/docs/eventing/event-delivery/ (knativeerrordest, knativeerrorcode as
 * Integer, knativeerrordata: base64 of at most 1,024 bytes of the answer).
 */

import { codeOf } from '../../lib/errors.ts';
import { buildCloudEvent } from '../../lib/events/buildCloudEvent.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { traceIdOf } from '../../lib/telemetry/tracing.ts';
import type { Clock } from '../clock.ts';
import type { EventPoster } from './eventPoster.ts';
import type { OutgoingEvent } from './outgoingEvent.ts';

export interface DeadLetter {
  readonly event: OutgoingEvent;
  /** HTTP status of the last attempt; 0 where no answer came. */
  readonly status: number;
  readonly detail: string;
  readonly reason: 'refused' | 'exhausted';
}

interface DeadLetterOptions {
  /** Absent where dead letters are only logged and counted. */
  readonly poster: EventPoster | undefined;
  /** Where the event could not be delivered; empty for a sink in the same process. */
  readonly sinkUrl: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'deadLetters'>;
}

interface DeadLetters {
  send(letter: DeadLetter): void;
  /** Waits for what is being sent. */
  close(): Promise<void>;
}

const MAX_IN_FLIGHT = 16;
const TIMEOUT_MS = 2_000;
const MAX_ERROR_BYTES = 1_024;

export function createDeadLetters({ poster, sinkUrl, clock, log, metrics }: DeadLetterOptions): DeadLetters {
  const running = new Set<Promise<void>>();

  async function post(to: EventPoster, letter: DeadLetter): Promise<void> {
    const abort = new AbortController();
    const cancelTimer = clock.setTimer(() => abort.abort(), TIMEOUT_MS);
    try {
      const { status } = await to.post(await buildCloudEvent(toDeadLetterEvent(letter, sinkUrl)), abort.signal);
      if (status < 200 || status >= 300) log.warn({ status, sink: to.url }, 'the dead letter sink refused an event');
    } catch (error) {
      log.warn({ code: codeOf(error), err: error, sink: to.url }, 'a dead letter could not be sent');
    } finally {
      cancelTimer();
    }
  }

  return {
    send(letter) {
      const { event, status, detail, reason } = letter;
      metrics.deadLetters.inc({ reason });
      const { id, type, subject } = event;
      const traceId = traceIdOf(event.traceparent);
      log.warn({ id, type, subject, status, detail, reason, traceId }, 'event given up');
      if (poster === undefined) return;
      if (running.size >= MAX_IN_FLIGHT) {
        metrics.deadLetters.inc({ reason: 'dropped' });
        log.warn({ id: event.id, subject: event.subject }, 'dead letter not sent: too many are being sent');
        return;
      }
      const run = post(poster, letter).finally(() => running.delete(run));
      running.add(run);
    },
    async close() {
      await Promise.all(running);
    },
  };
}

function toDeadLetterEvent({ event, status, detail }: DeadLetter, sinkUrl: string) {
  return {
    ...event,
    ...(sinkUrl !== '' && { knativeerrordest: sinkUrl }),
    knativeerrorcode: status,
    knativeerrordata: Buffer.from(detail).subarray(0, MAX_ERROR_BYTES).toString('base64'),
  };
}
