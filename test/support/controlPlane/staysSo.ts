/**
 * "Nothing happens", with a bound: what is read stays the same for a quiet time.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';

/** Hundreds of times what a reconcile takes (milliseconds), and more than a burst of retries needs. */
const quietMs = 1_500;

/** Reads, again and again, and expects what the first reading gave. Resolves to it. */
export async function staysSo<T>(read: () => Promise<T>, forMs = quietMs): Promise<T> {
  const first = await read();
  const endAt = Date.now() + forMs;
  while (Date.now() < endAt) {
    await sleep(100);
    expect(await read()).toEqual(first);
  }
  return first;
}
