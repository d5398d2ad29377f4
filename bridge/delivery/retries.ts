/**
 * createRetries: what delivery remembers of a key from one attempt to the next: how often it failed in a row, what was sent without an
 * answer, and the timer that ends its backoff. Used by `deliver`.
 *
 * Guarantees: while an event may still be worked on (sent, no answer), it is the one to send, up to its deadline: a new snapshot is
 * built only after an answer, after the deadline, or where no connection was made (S5).
 */

import type { ReconcileEvent } from '../../lib/events/reconcileEvent.ts';
import type { ServiceKey } from '../../lib/selection/snapshot.ts';
import { type BackoffBounds, backoffMs } from '../backoff.ts';
import type { CancelTimer, Clock } from '../clock.ts';
import type { Concern } from '../queue/concern.ts';
import type { Queue } from '../queue/queue.ts';
import type { Failure } from './attempt.ts';

export interface Sent {
  readonly event: ReconcileEvent;
  /** The concern that the event was built for. */
  readonly concern: Concern;
}

export interface Retries {
  /** What may still be worked on, or what `build` makes now. */
  choose(concern: Concern, now: number, build: (concern: Concern, now: number) => ReconcileEvent): Sent;
  /** Failures in a row before this attempt. */
  failuresOf(key: ServiceKey): number;
  /** Keeps the concern back for the backoff or Retry-After, whichever is longer; gives the delay. */
  delay(concern: Concern, sent: Sent, failure: Failure): number;
  /** A probe that failed: the backoff goes on as if it had not been, because the failure was the sink's. */
  giveBack(concern: Concern, sent: Sent, failure: Failure): void;
  /** It is tried no more, and what is sent next still follows S5. */
  giveUp(sent: Sent, failure: Failure): void;
  /** It was answered. */
  forget(key: ServiceKey): void;
  releaseAll(): void;
  close(): void;
}

interface Trouble {
  readonly failures: number;
  readonly unanswered: Sent | undefined;
}

export function createRetries(queue: Queue, clock: Clock, random: () => number, backoff: BackoffBounds): Retries {
  const troubles = new Map<ServiceKey, Trouble>();
  const timers = new Map<ServiceKey, CancelTimer>();
  const failuresOf = (key: ServiceKey): number => troubles.get(key)?.failures ?? 0;

  function remember(key: ServiceKey, failures: number, sent: Sent, { mayBeRunning }: Failure): void {
    troubles.set(key, { failures, unanswered: mayBeRunning ? sent : undefined });
  }

  function schedule(key: ServiceKey, delayMs: number, run: () => void): void {
    cancel(key);
    const fire = (): void => {
      timers.delete(key);
      run();
    };
    timers.set(key, clock.setTimer(fire, delayMs));
  }

  function cancel(key: ServiceKey): void {
    timers.get(key)?.();
    timers.delete(key);
  }

  return {
    choose(concern, now, build) {
      const unanswered = troubles.get(concern.key)?.unanswered;
      if (unanswered !== undefined && now < unanswered.event.data.deadline) return unanswered;
      return { event: build(concern, now), concern };
    },
    failuresOf,
    delay(concern, sent, failure) {
      const { key } = concern;
      const failures = failuresOf(key) + 1;
      remember(key, failures, sent, failure);
      // No longer than the longest backoff, whatever the sink asks for: this key may have to fail over.
      const askedMs = Math.min(failure.retryAfterMs, backoff.maxMs);
      const delayMs = Math.max(askedMs, backoffMs(failures, backoff, random()));
      queue.delay(concern);
      schedule(key, delayMs, () => queue.release(key, clock.now()));
      return delayMs;
    },
    giveBack(concern, sent, failure) {
      const { key } = concern;
      remember(key, failuresOf(key), sent, failure);
      queue.delay(concern);
      // Its backoff ended while the probe was out.
      if (!timers.has(key)) queue.release(key, clock.now());
    },
    giveUp(sent, failure) {
      const { key } = sent.concern;
      remember(key, 0, sent, failure);
      schedule(key, sent.event.data.deadline - clock.now(), () => troubles.delete(key));
    },
    forget(key) {
      troubles.delete(key);
      cancel(key);
    },
    // The timers go on: one that finds nothing to release does nothing, and what was given up is still to be forgotten.
    releaseAll: () => queue.releaseAll(clock.now()),
    close() {
      for (const cancelTimer of timers.values()) cancelTimer();
      timers.clear();
    },
  };
}
