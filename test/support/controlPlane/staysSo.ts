/**
 * Expects that nothing happens: what it reads stays the same for a quiet time.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';

/** Hundreds of times a reconcile (milliseconds), and more than a burst of retries needs. */
const quietMs = 1_500;

/** Reads repeatedly and expects the first value each time. Resolves to that value. */
export async function staysSo<T>(read: () => Promise<T>, forMs = quietMs): Promise<T> {
  const first = await read();
  const endAt = Date.now() + forMs;
  while (Date.now() < endAt) {
    await sleep(100);
    expect(await read(), `should have stayed the same for ${forMs} ms`).toEqual(first);
  }
  return first;
}
