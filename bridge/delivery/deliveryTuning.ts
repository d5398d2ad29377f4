/**
 * DeliveryTuning: the numbers of delivery, each with its reason. Tests shorten them.
 */

import type { BackoffBounds } from '../backoff.ts';
import type { CircuitBreakerTuning } from './circuitBreaker.ts';
import type { ConcurrencyBounds } from './concurrency.ts';

export interface DeliveryTuning {
  /**
   * An attempt with a snapshot: a reconcile costs one write, some 5 ms; after a second the sink or
   * the way to it hangs.
   */
  readonly attemptTimeoutMs: number;
  /**
   * An attempt with a hint: the function may read for 2 s before it writes
   * (docs/architecture.md#the-way-of-an-event).
   */
  readonly hintTimeoutMs: number;
  /**
   * An attempt after failures in a row has twice the time for each, up to this. Otherwise the
   * bridge would give up every attempt at a slow API server before it is done. At 2.5 s a call,
   * reading and writing take 20 s. Functions stop after as long.
   */
  readonly maxTimeoutMs: number;
  /** After the n-th failure of a key in a row. */
  readonly backoff: BackoffBounds;
  /**
   * The longest backoff after a refused API call. A raised quota is noticed this late, and nothing
   * else says that it was raised.
   */
  readonly refusalMaxMs: number;
  /**
   * Consecutive failures of a key until its event is a dead letter. With the backoff above, some
   * two minutes.
   */
  readonly maxFailures: number;
  readonly concurrency: ConcurrencyBounds;
  readonly circuitBreaker: CircuitBreakerTuning;
  /** At shutdown, what is in flight has this long: the deadline of its snapshot. */
  readonly closeGraceMs: number;
}

export const defaultDeliveryTuning: DeliveryTuning = {
  attemptTimeoutMs: 1_000,
  hintTimeoutMs: 2_500,
  maxTimeoutMs: 30_000,
  backoff: { minMs: 250, maxMs: 30_000 },
  refusalMaxMs: 10_000,
  maxFailures: 10,
  // 64 is what one function replica takes before it queues; 16 to start with is two reconciles for
  // each of eight replicas.
  concurrency: { min: 4, start: 16, max: 64 },
  circuitBreaker: { openAfter: 5, probe: { minMs: 250, maxMs: 1_000 } },
  closeGraceMs: 3_000,
};

/**
 * A sink in this process cannot be lost on the way. A slow reconcile means a slow API server, and
 * starting over would cost it more.
 */
export const inProcessDeliveryTuning: DeliveryTuning = {
  ...defaultDeliveryTuning,
  attemptTimeoutMs: defaultDeliveryTuning.hintTimeoutMs,
};
