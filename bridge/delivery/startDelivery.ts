/**
 * startDelivery: takes what waits in the queue, sends it to the sink, and acts on the outcome.
 * docs/reference/events.md#answers, docs/architecture.md#delivery
 *
 * A key that waits while a place is free is sent in the same tick. A failure is retried after a
 * backoff or Retry-After, whichever is later; `maxFailures` in a row make a dead letter of it. The
 * key is then reconciled at its next change or resync. A refused API call is tried on and on. While
 * the circuit breaker is open and nothing waits, a key in its backoff serves as the probe. With few
 * keys the bridge would otherwise learn late that the sink is back.
 *
 * Guarantees: one event in flight for each key (the queue's). What is sent next follows S5
 * (retries.ts). Half of the places are kept from the low lane. Nothing here blocks a watch.
 * Does not guarantee that a sink which ignores its signal gives its place back.
 */

import type { Sink, SinkAnswer } from '../../lib/events/sink.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { traceIdOf } from '../../lib/telemetry/tracing.ts';
import type { CancelTimer, Clock } from '../clock.ts';
import type { Concern } from '../queue/concern.ts';
import type { Queue } from '../queue/queue.ts';
import { attempt, type Failure, type Outcome } from './attempt.ts';
import { createCircuitBreaker } from './circuitBreaker.ts';
import { createConcurrency } from './concurrency.ts';
import type { DeadLetter } from './deadLetter.ts';
import type { DeliveryTuning } from './deliveryTuning.ts';
import { createLowPlaces } from './lowPlaces.ts';
import type { OutgoingEvent } from './outgoingEvent.ts';
import { createRefusedTokenLog } from './refusedToken.ts';
import { createRetries, type Sent } from './retries.ts';

/** One line of a recording (docs/reference/events.md#recordings). */
export interface DeliveryRecord<E, R> {
  readonly event: E;
  readonly reply: R | null;
  /** 0 where no answer came. */
  readonly status: number;
  readonly sentAt: number;
}

export interface DeliveryOptions<C extends Concern, E extends OutgoingEvent, R> {
  readonly queue: Queue<C>;
  readonly sink: Sink<E, R>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly tuning: DeliveryTuning;
  readonly metrics: Pick<Metrics, 'deliveries' | 'deliverySeconds' | 'circuitOpen' | 'eventLagSeconds'>;
  readonly log: Logger;
  /**
   * False where another replica sends it. Asked right before sending. Absent where everything is
   * sent.
   */
  sends?(concern: C): boolean;
  /** What this replica does with a concern that it does not send. */
  leave?(concern: C): void;
  /** What was sent has been answered or given up. */
  onFinish?(key: string): void;
  buildEvent(concern: C, now: number): E;
  onAnswer(concern: C, answer: SinkAnswer<R>): void;
  onDeadLetter(letter: DeadLetter): void;
  onDelivery?(record: DeliveryRecord<E, R>): void;
}

interface Delivery {
  /** Sends what waits, as far as places are free. */
  pump(): void;
  /** Finishes what is in flight, up to `closeGraceMs`, and sends nothing more. Always resolves. */
  close(): Promise<void>;
}

/**
 * At shutdown: a sink whose signal has aborted rejects at once; one that ignores it is left behind.
 */
const ABORTED_WITHIN_MS = 100;

/** A first time-out that is set longer than the longest stays as it is set. */
function growTimeout(firstMs: number, timeouts: number, maxMs: number): number {
  return Math.max(firstMs, Math.min(maxMs, firstMs * 2 ** timeouts));
}

export function startDelivery<C extends Concern, E extends OutgoingEvent, R>(
  options: DeliveryOptions<C, E, R>,
): Delivery {
  const { queue, clock, random, tuning, metrics, log } = options;
  const concurrency = createConcurrency(tuning.concurrency);
  const breaker = createCircuitBreaker(tuning.circuitBreaker, random);
  const closing = new AbortController();
  const retries = createRetries<C, E>(queue, clock, random, tuning);
  const noteStatus = createRefusedTokenLog(log);
  const lowPlaces = createLowPlaces(clock, pump);
  const running = new Set<Promise<void>>();
  let cancelProbe: CancelTimer | undefined;
  /** Distinguishes attempts, because many of them start in one millisecond. */
  let attempts = 0;
  let isPumping = false;
  let isClosed = false;

  function pump(): void {
    // Sending may add to the queue in the same tick (a sink in the same process, a resync), which
    // calls back.
    if (isPumping || isClosed) return;
    isPumping = true;
    while (running.size < concurrency.limit() && breaker.admits(running.size, clock.monotonic())) {
      const waiting = queue.take(lowPlaces.isFree(concurrency.limit()));
      const lent = waiting === undefined && breaker.isOpen() ? queue.takeDelayed() : undefined;
      const concern = waiting ?? lent;
      if (concern === undefined) break;
      if (options.sends?.(concern) ?? true) start(concern, lent !== undefined);
      else {
        options.leave?.(concern);
        queue.finish(concern.key);
      }
    }
    isPumping = false;
    const untilProbeMs = breaker.probeAt() - clock.monotonic();
    cancelProbe?.();
    // Past that instant whatever is added calls `pump` by itself.
    if (breaker.isOpen() && untilProbeMs > 0) cancelProbe = clock.setTimer(pump, untilProbeMs);
  }

  function start(concern: C, isLent: boolean): void {
    lowPlaces.start(concern);
    const run: Promise<void> = deliver(concern, isLent).finally(() => {
      running.delete(run);
      lowPlaces.end(concern);
      pump();
    });
    running.add(run);
  }

  async function deliver(concern: C, isLent: boolean): Promise<void> {
    const sentAt = clock.now();
    const number = ++attempts;
    const sent = retries.choose(concern, options.buildEvent);
    const { event } = sent;
    // A due time means that time has passed, and nothing was seen.
    if (retries.failuresOf(concern.key) === 0 && sent.concern.dueAt === undefined)
      metrics.eventLagSeconds.observe({ stage: 'sent' }, Math.max(0, sentAt - concern.observedAt) / 1_000);
    const firstTimeoutMs = event.data.snapshot === undefined ? tuning.hintTimeoutMs : tuning.attemptTimeoutMs;
    const timeoutMs = growTimeout(firstTimeoutMs, retries.timeoutsOf(concern.key), tuning.maxTimeoutMs);
    const outcome = await attempt(options.sink, event, timeoutMs, clock, closing.signal);
    observe(event, outcome, sentAt);

    if (outcome.kind === 'failed') {
      fail(sent, concern, outcome, number, isLent);
      return;
    }
    retries.forget(concern.key);
    noteAnswer();
    // What was added after the event that was sent again is a reconcile of its own.
    if (sent.concern !== concern) queue.add(concern, sentAt);
    if (outcome.kind === 'done') {
      concurrency.succeed(running.size);
      options.onAnswer(concern, outcome.answer);
    } else {
      const { status, detail = '' } = outcome.answer;
      options.onDeadLetter({ event, status, detail, reason: 'refused' });
    }
    finish(concern.key);
  }

  function finish(key: string): void {
    options.onFinish?.(key);
    queue.finish(key);
  }

  function fail(sent: Sent<C, E>, concern: C, failure: Failure, number: number, isLent: boolean): void {
    const { key } = concern;
    const { status, detail } = failure;
    // A sink that is asked for less may be well: the breaker is for one that fails at the lowest
    // limit.
    const wasCut = failure.isOverload && concurrency.overload(number, attempts);
    if (failure.isOfThisKey) noteAnswer();
    else if (!wasCut) noteFailure(number, detail);
    if (isLent) {
      retries.giveBack(concern, sent, failure);
      return;
    }
    const failures = retries.failuresOf(key) + 1;
    if (failures >= tuning.maxFailures && !failure.isRefusal) {
      retries.giveUp(sent, failure);
      options.onDeadLetter({ event: sent.event, status, detail, reason: 'exhausted' });
      finish(key);
      return;
    }
    const delayMs = retries.delay(concern, sent, failure);
    const traceId = traceIdOf(sent.event.traceparent);
    log.debug({ key, status, delayMs, detail, traceId }, 'delivery failed, will be tried again');
    // What is refused is tried on and on, and said once.
    if (failures === tuning.maxFailures)
      options.onDeadLetter({ event: sent.event, status, detail, reason: 'exhausted' });
  }

  function noteFailure(number: number, detail: string): void {
    const wasOpen = breaker.isOpen();
    breaker.fail(number, clock.monotonic());
    if (wasOpen || !breaker.isOpen()) return;
    metrics.circuitOpen.set(1);
    log.warn({ detail }, 'the sink keeps failing: one probe at a time until it answers');
  }

  /**
   * Where the breaker was open, the failures were the sink's: no key waits any longer for its own
   * backoff.
   */
  function noteAnswer(): void {
    if (!breaker.succeed(attempts)) return;
    metrics.circuitOpen.set(0);
    log.info('the sink answers again');
    retries.releaseAll();
  }

  function observe(event: E, outcome: Outcome<R>, sentAt: number): void {
    const { status, detail } = outcome.kind === 'failed' ? outcome : outcome.answer;
    noteStatus(status, detail ?? '');
    metrics.deliveries.inc({ status: String(status) });
    metrics.deliverySeconds.observe((clock.now() - sentAt) / 1_000);
    const reply = (outcome.kind === 'failed' ? undefined : outcome.answer.reply) ?? null;
    options.onDelivery?.({ event, reply, status, sentAt });
  }

  return {
    pump,
    async close() {
      isClosed = true;
      cancelProbe?.();
      lowPlaces.close();
      retries.close();
      let cancelTimer: CancelTimer = () => {};
      const givenUp = new Promise<void>((resolve) => {
        cancelTimer = clock.setTimer(() => {
          closing.abort();
          cancelTimer = clock.setTimer(resolve, ABORTED_WITHIN_MS);
        }, tuning.closeGraceMs);
      });
      await Promise.race([Promise.all(running), givenUp]);
      cancelTimer();
    },
  };
}
