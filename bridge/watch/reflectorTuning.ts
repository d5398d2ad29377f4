/**
 * The numbers of the reflector, each with its reason. Only tests change them.
 */

import type { BackoffBounds } from '../backoff.ts';
import { type TrustLimits, trustLimits } from './watchTrust.ts';

export interface ReflectorTuning extends TrustLimits {
  /**
   * `timeoutSeconds` of a watch is between this and twice this. client-go: 5 to 10 min, so that
   * watches spread over API servers.
   */
  readonly watchMinSeconds: number;
  /**
   * Between failed requests. From 100 ms, because a reset connection is back at once and every wait
   * is failover time. Up to 5 s, because that is how long a returned API server goes unnoticed.
   * Four reflectors asking every 5 s are no load.
   */
  readonly retry: BackoffBounds;
  /**
   * Between LISTs that succeed but do not lead to a steady watch: each reads the whole collection.
   * 30 s is client-go's maximum.
   */
  readonly relist: BackoffBounds;
  /** A watch that has lasted this long was steady: the next relist comes at once again. */
  readonly steadyMs: number;
  /**
   * A Retry-After longer than this is cut: no API server means to be left alone for longer than a
   * bookmark takes.
   */
  readonly maxRetryAfterMs: number;
  /**
   * So many watches in a row that end without a line, cleanly or in a broken one, and the version
   * itself is suspect.
   */
  readonly emptyWatchesBeforeRelist: number;
  /**
   * A watch that the server closes sooner than this, again and again, is resumed with a pause:
   * something in between cuts it.
   */
  readonly quickCloseMs: number;
  /**
   * Of failures in a row the first is a warning, and every so many-th after it: once a minute at
   * the longest wait.
   */
  readonly failuresPerLog: number;
}

export const reflectorTuning: ReflectorTuning = {
  ...trustLimits,
  watchMinSeconds: 300,
  retry: { minMs: 100, maxMs: 5_000 },
  relist: { minMs: 1_000, maxMs: 30_000 },
  steadyMs: 60_000,
  maxRetryAfterMs: 60_000,
  emptyWatchesBeforeRelist: 4,
  quickCloseMs: 1_000,
  failuresPerLog: 12,
};
