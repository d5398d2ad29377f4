/**
 * createRetries: remembers the attempts of each key. It keeps how often a key failed in a row, what
 * was sent without an answer, and the timer that ends its backoff.
 *
 * Guarantees: while a receiver may still work on an event (sent, no answer), that event is the one
 * to send, up to its deadline. A new snapshot is built only after an answer, after the deadline, or
 * where no connection was made (S5).
 */

import { backoffMs } from '../backoff.ts';
import type { CancelTimer, Clock } from '../clock.ts';
import type { Concern } from '../queue/concern.ts';
import type { Queue } from '../queue/queue.ts';
import type { Failure } from './attempt.ts';
import type { DeliveryTuning } from './deliveryTuning.ts';
import type { OutgoingEvent } from './outgoingEvent.ts';

export interface Sent<C, E> {
  readonly event: E;
  /** The concern that the event was built for. */
  readonly concern: C;
  /** Its deadline, by the monotonic clock: the wall clock may be set while it is unanswered. */
  readonly until: number;
}

interface Retries<C, E> {
  /** What may still be worked on, or what `build` makes now. */
  choose(concern: C, build: (concern: C, now: number) => E): Sent<C, E>;
  /** Failures in a row before this attempt. */
  failuresOf(key: string): number;
  /** Time-outs since the key was last answered, probes too. */
  timeoutsOf(key: string): number;
  /**
   * Keeps the concern back for the backoff or Retry-After, whichever is longer; gives the delay.
   * After a refusal, a newer change of the key is sent at once: what was refused is not what is
   * written next.
   */
  delay(concern: C, sent: Sent<C, E>, failure: Failure): number;
  /**
   * A probe that failed: the backoff goes on as if it had not been, because the failure was the
   * sink's.
   */
  giveBack(concern: C, sent: Sent<C, E>, failure: Failure): void;
  /** It is tried no more, and what is sent next still follows S5. */
  giveUp(sent: Sent<C, E>, failure: Failure): void;
  /** It was answered. */
  forget(key: string): void;
  releaseAll(): void;
  close(): void;
}

interface Trouble<C, E> {
  readonly failures: number;
  readonly timeouts: number;
  readonly unanswered: Sent<C, E> | undefined;
}

export function createRetries<C extends Concern, E extends OutgoingEvent>(
  queue: Queue<C>,
  clock: Clock,
  random: () => number,
  { backoff, refusalMaxMs }: Pick<DeliveryTuning, 'backoff' | 'refusalMaxMs'>,
): Retries<C, E> {
  const troubles = new Map<string, Trouble<C, E>>();
  const timers = new Map<string, CancelTimer>();
  const failuresOf = (key: string): number => troubles.get(key)?.failures ?? 0;

  const timeoutsOf = (key: string): number => troubles.get(key)?.timeouts ?? 0;

  function remember(key: string, failures: number, sent: Sent<C, E>, { mayBeRunning, isTimeout }: Failure): void {
    const timeouts = timeoutsOf(key) + (isTimeout ? 1 : 0);
    troubles.set(key, { failures, timeouts, unanswered: mayBeRunning ? sent : undefined });
  }

  function schedule(key: string, delayMs: number, run: () => void): void {
    cancel(key);
    const fire = (): void => {
      timers.delete(key);
      run();
    };
    timers.set(key, clock.setTimer(fire, delayMs));
  }

  function cancel(key: string): void {
    timers.get(key)?.();
    timers.delete(key);
  }

  return {
    choose(concern, build) {
      const unanswered = troubles.get(concern.key)?.unanswered;
      if (unanswered !== undefined && clock.monotonic() < unanswered.until) return unanswered;
      const now = clock.now();
      const event = build(concern, now);
      return { event, concern, until: clock.monotonic() + event.data.deadline - now };
    },
    failuresOf,
    timeoutsOf,
    delay(concern, sent, failure) {
      const { key } = concern;
      const failures = failuresOf(key) + 1;
      remember(key, failures, sent, failure);
      // No longer than the longest backoff, whatever the sink asks for: this key may have to fail
      // over.
      const askedMs = Math.min(failure.retryAfterMs, backoff.maxMs);
      const bounds = failure.isRefusal ? { ...backoff, maxMs: Math.min(backoff.maxMs, refusalMaxMs) } : backoff;
      const delayMs = Math.max(askedMs, backoffMs(failures, bounds, random()));
      schedule(key, delayMs, () => queue.release(key, clock.now()));
      // Last, because it may send the key at once.
      queue.delay(concern, failure.isRefusal);
      return delayMs;
    },
    giveBack(concern, sent, failure) {
      const { key } = concern;
      remember(key, failuresOf(key), sent, failure);
      queue.delay(concern, failure.isRefusal);
      // Its backoff ended while the probe was out.
      if (!timers.has(key)) queue.release(key, clock.now());
    },
    giveUp(sent, failure) {
      const { key } = sent.concern;
      remember(key, 0, sent, failure);
      schedule(key, sent.until - clock.monotonic(), () => troubles.delete(key));
    },
    forget(key) {
      troubles.delete(key);
      cancel(key);
    },
    // The timers go on: one that finds nothing to release does nothing, and what was given up is
    // still to be forgotten.
    releaseAll: () => queue.releaseAll(clock.now()),
    close() {
      for (const cancelTimer of timers.values()) cancelTimer();
      timers.clear();
    },
  };
}
