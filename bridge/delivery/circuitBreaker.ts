/**
 * CircuitBreaker: stops sending to a sink that keeps failing.
 *
 * After `openAfter` failures in a row, of whatever keys, it opens: one probe at a time, further
 * and further apart, until the sink answers one. Without it a dead sink would cost every key its
 * retries, and the sink, coming back, all of them at once. A failure of what was sent before the
 * last success says nothing: an overloaded sink answers some events and lets others time out.
 *
 * Guarantees: admits a probe at the latest `probe.maxMs` after the previous one failed.
 */

import { type BackoffBounds, backoffMs } from '../backoff.ts';

export interface CircuitBreakerTuning {
  /** More than a rolling update of one replica loses, fewer than one second of a busy bridge. */
  readonly openAfter: number;
  /**
   * The maximum is what a sink that is back can still cost a failover. One request a second loads
   * no sink, not even one that is starting.
   */
  readonly probe: BackoffBounds;
}

interface CircuitBreaker {
  isOpen(): boolean;
  /** Whether one more may be sent now. `now` is of the monotonic clock, here and below. */
  admits(inFlight: number, now: number): boolean;
  /** When the next probe may go; meaningful while open. */
  probeAt(): number;
  /**
   * The sink answered; `latest` is the last attempt sent so far. True when that closed the breaker
   * again.
   */
  succeed(latest: number): boolean;
  fail(attempt: number, now: number): void;
}

export function createCircuitBreaker({ openAfter, probe }: CircuitBreakerTuning, random: () => number): CircuitBreaker {
  let failures = 0;
  let probeAt = 0;
  /** The last attempt that was sent before the last answer. */
  let answeredAfter = 0;
  const isOpen = (): boolean => failures >= openAfter;
  return {
    isOpen,
    admits: (inFlight, now) => !isOpen() || (inFlight === 0 && now >= probeAt),
    probeAt: () => probeAt,
    succeed(latest) {
      const wasOpen = isOpen();
      failures = 0;
      answeredAfter = latest;
      return wasOpen;
    },
    fail(attempt, now) {
      if (attempt <= answeredAfter) return;
      failures += 1;
      if (isOpen()) probeAt = now + backoffMs(failures - openAfter + 1, probe, random());
    },
  };
}
