/**
 * One worker: takes the lock, reads the counter, writes one more, and begins again until SIGTERM.
 * It does all that a client can do: it writes only while its grant is valid by its own clock.
 *
 *   node worker.ts NAME API_URL STORE_URL
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { createLockClient, LockError } from '../../clients/typescript/lockClient.ts';

/** What a worker does between its read and its write. */
const WORK_MS = 100;

const [name = '', apiUrl = '', storeUrl = ''] = process.argv.slice(2);
const locks = createLockClient({ url: apiUrl });
const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort(new LockError('STOPPED', 'stopped')));

while (!stopping.signal.aborted) {
  const lock = { namespace: 'default', name: 'counter', holder: name, ttlSeconds: 5, waitSeconds: 60 };
  try {
    await locks.withLock({ ...lock, signal: stopping.signal }, async ({ token, signal }) => {
      const read = await fetch(`${storeUrl}/?worker=${name}`);
      const value = Number(await read.text());
      await sleep(WORK_MS);
      if (signal.aborted) return;
      // Here a pause can come, after every look at a clock that a program could take.
      await fetch(`${storeUrl}/?token=${token}&value=${value + 1}`, { method: 'PUT' });
    });
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
  }
}
