/**
 * sleep: waits, and ends early when `signal` aborts.
 *
 * Guarantees: never rejects; neither timer nor listener stays behind.
 */

import type { Clock } from './clock.ts';

export async function sleep(clock: Clock, waitMs: number, signal: AbortSignal): Promise<void> {
  if (waitMs <= 0 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const finish = () => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.setTimer(finish, waitMs);
    signal.addEventListener('abort', finish, { once: true });
  });
}
