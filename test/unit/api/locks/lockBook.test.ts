import { expect, it } from 'vitest';
import { createLeaseStore } from '../../../../api/locks/leaseStore.ts';
import { createLockBook, type LockBook } from '../../../../api/locks/lockBook.ts';
import type { KubeApi } from '../../../../lib/kube/kubeApi.ts';
import type { LockView } from '../../../../lib/lock/parseLock.ts';
import { createLockApi } from '../../../simulation/locks/lockApi.ts';
import { createServerCalls } from '../../../simulation/locks/serverCalls.ts';
import { createRandom } from '../../../simulation/random.ts';
import { createVirtualClock } from '../../../support/simulated/virtualClock.ts';

const never = new AbortController().signal;
const lock = { namespace: 'shop', name: 'reports' };
const wish = (id: string, waitMs = 0) => ({ id, holder: `of-${id}`, ttlMs: 30_000, lockDelayMs: 0, waitMs });

/** Replicas of the api, whose books hear of a change within 5 ms. */
function aCluster() {
  const virtual = createVirtualClock();
  const clock = { ...virtual, now: () => Math.floor(virtual.now()) };
  // No answer is lost here.
  const calls = createServerCalls(virtual, { ...createRandom(1), chance: () => false });
  const api = createLockApi({ calls, onWrite() {} });
  const aBook = (): LockBook => {
    const metrics = { granted() {}, expired() {}, conflicted() {}, waited() {} };
    const store = createLeaseStore(api.connect(clock.now) as KubeApi);
    const book = createLockBook({ store, clock, random: () => 0.5, maxSkewMs: 1_000, metrics });
    let known: LockView | undefined;
    api.watch(5, (view) => {
      book.observe(view, known);
      known = view ?? undefined;
    });
    return book;
  };
  return { clock: virtual, api, aBook };
}

it('a client that waits on another replica gets the lock as soon as the watch tells of its release', async () => {
  const { clock, aBook } = aCluster();
  const [a, b] = [aBook().keeper(lock), aBook().keeper(lock)];
  const first = a.acquire(wish('first'), never);
  await clock.advance(100);
  const outcome = await first;
  if (outcome.kind !== 'granted') throw new Error(outcome.kind);
  let grantedAt = 0;
  const waiting = b.acquire(wish('second', 60_000), never).then((granted) => {
    grantedAt = clock.now();
    return granted;
  });
  await clock.advance(3_000);
  const releasedAt = clock.now();
  const released = a.release(outcome.grant.id, outcome.grant.token);
  await clock.advance(60_000);
  expect(await released).toBe('released');
  expect(await waiting).toMatchObject({ kind: 'granted', grant: { id: 'second' } });
  expect(grantedAt - releasedAt).toBeLessThan(100);
});

it('a book lists the lock of a Lease that is held, and forgets one that was deleted by hand', async () => {
  const { clock, api, aBook } = aCluster();
  const [a, b] = [aBook(), aBook()];
  const held = a.keeper(lock).acquire(wish('first'), never);
  await clock.advance(100);
  await held;
  expect(b.list(10)).toMatchObject([{ name: 'reports', holder: 'of-first' }]);
  expect(b.counts()).toEqual({ held: 1, longestQueue: 0 });
  api.deleteByHand();
  await clock.advance(100);
  expect(b.list(10)).toEqual([]);
});
