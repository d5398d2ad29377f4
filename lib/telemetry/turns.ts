/**
 * createTurns: lets the event loop turn in the middle of a long computation.
 *
 * A failover passes through the loop several times, and waits each time for what holds the loop. A
 * portion by time holds it equally long on a slow machine and on a fast one.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';

/** Well below what a failover takes. */
const PORTION_MS = 1;

export interface Turns {
  /** True once the computation has held the loop for a portion. It then awaits `take`. */
  isDue(): boolean;
  take(): Promise<void>;
}

/** `now`: monotonic milliseconds. */
export function createTurns(now: () => number = () => performance.now()): Turns {
  let startedAt = now();
  return {
    isDue: () => now() - startedAt >= PORTION_MS,
    async take() {
      await nextTurn();
      startedAt = now();
    },
  };
}
