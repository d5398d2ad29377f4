/**
 * StateRead: what a function has read of one Service, and until when it may be written.
 * `writableUntil` says that of flows, too.
 */

import type { Snapshot } from '../../lib/selection/snapshot.ts';

export interface StateRead {
  readonly snapshot: Snapshot;
  /** Until when it may be written, epoch milliseconds. */
  readonly deadline: number;
}

/**
 * State read may be written for this long after the last answer, or for as long as the read took,
 * whichever is longer (docs/reference/events.md#hints). With a fixed time from the first request,
 * nothing was ever written through an API server that takes 700 ms a call. What fences a late write
 * is its resourceVersion (S3), and of a Job the record before it (Z1).
 */
const READ_LIFETIME_MS = 2_000;

/** All three in epoch milliseconds. */
export function writableUntil(startedAt: number, answeredAt: number): number {
  return answeredAt + Math.max(READ_LIFETIME_MS, answeredAt - startedAt);
}
