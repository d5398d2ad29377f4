/**
 * backoffMs: returns how long to wait after the n-th failure in a row. It doubles each time, and is
 * jittered between half and all of it, so that many keys that failed together do not come back
 * together.
 *
 * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("equal
 * jitter").
 */

export interface BackoffBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** `failures` counts from 1. `random` is in [0, 1). */
export function backoffMs(failures: number, { minMs, maxMs }: BackoffBounds, random: number): number {
  // 2^30 of anything is past any maximum; without the bound the power overflows after a long
  // outage.
  const full = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random;
}
