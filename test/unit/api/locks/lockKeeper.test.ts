import { describe, expect, it } from 'vitest';
import { createLeaseStore } from '../../../../api/locks/leaseStore.ts';
import { ASK_AGAIN_MS, createLockKeeper, type LockKeeper } from '../../../../api/locks/lockKeeper.ts';
import { codeOf } from '../../../../lib/errors.ts';
import type { KubeApi } from '../../../../lib/kube/kubeApi.ts';
import { createLockApi, type StoredWrite } from '../../../simulation/locks/lockApi.ts';
import { createServerCalls } from '../../../simulation/locks/serverCalls.ts';
import { createRandom } from '../../../simulation/random.ts';
import { createVirtualClock } from '../../../support/simulated/virtualClock.ts';

const never = new AbortController().signal;
const wish = (id: string, waitMs = 0) => ({ id, holder: `of-${id}`, ttlMs: 30_000, lockDelayMs: 0, waitMs });

/** One Lease, and replicas that keep its lock. `sees` false for one whose watch brings nothing. */
function aLock() {
  const clock = createVirtualClock();
  const whole = { ...clock, now: () => Math.floor(clock.now()) };
  const writes: StoredWrite[] = [];
  const counts = { granted: 0, expired: 0, conflicted: 0, waited: [] as number[] };
  // No answer is lost here.
  const random = { ...createRandom(1), chance: () => false };
  const calls = createServerCalls(clock, random);
  const api = createLockApi({ calls, onWrite: (write) => writes.push(write) });
  const aReplica = ({ sees = true } = {}): LockKeeper => {
    const keeper = createLockKeeper(
      { namespace: 'shop', name: 'reports' },
      {
        store: createLeaseStore(api.connect(whole.now) as KubeApi),
        clock: whole,
        random: () => 0.5,
        maxSkewMs: 1_000,
        metrics: {
          granted: (count) => {
            counts.granted += count;
          },
          expired: () => {
            counts.expired += 1;
          },
          conflicted: () => {
            counts.conflicted += 1;
          },
          waited: (seconds) => void counts.waited.push(seconds),
        },
      },
    );
    if (sees) api.watch(5, (view, uid) => keeper.observe(view, uid));
    return keeper;
  };
  /** The answer, once time has gone on so far. */
  async function after<T>(ms: number, answer: Promise<T>): Promise<T> {
    answer.catch(() => {});
    await clock.advance(ms);
    return answer;
  }
  return { clock, api, calls, writes, counts, aReplica, after };
}

async function grantOf(lock: ReturnType<typeof aLock>, keeper: LockKeeper, id: string) {
  const outcome = await lock.after(100, keeper.acquire(wish(id), never));
  if (outcome.kind !== 'granted') throw new Error(`expected a grant, got ${outcome.kind}`);
  return outcome.grant;
}

describe('a lock keeper', () => {
  it('takes all who ask meanwhile into one write', async () => {
    const lock = aLock();
    const keeper = lock.aReplica();
    await grantOf(lock, keeper, 'first');
    const before = lock.writes.length;
    const waiting = Array.from({ length: 20 }, (_, index) => keeper.acquire(wish(`w${index}`, 60_000), never));
    await lock.clock.advance(200);
    expect(lock.writes.length - before).toBe(1);
    expect(lock.api.current()?.state.queue).toHaveLength(20);
    keeper.close();
    await Promise.allSettled(waiting);
  });

  it('writes the place of a client that waits with the release that comes right after it', async () => {
    const lock = aLock();
    const keeper = lock.aReplica();
    const { id, token } = await grantOf(lock, keeper, 'first');
    const before = lock.writes.length;
    const waiting = keeper.acquire(wish('second', 60_000), never);
    await lock.clock.advance(10);
    expect(await lock.after(100, keeper.release(id, token))).toBe('released');
    expect(await waiting).toMatchObject({ kind: 'granted', grant: { id: 'second', token: token + 1 } });
    expect(lock.writes.length - before).toBe(1);
  });

  it('hands over in the write of the release, and tells the waiter of another replica', async () => {
    const lock = aLock();
    const [a, b] = [lock.aReplica(), lock.aReplica()];
    const { id, token } = await grantOf(lock, a, 'first');
    const waiting = b.acquire(wish('second', 60_000), never);
    await lock.clock.advance(5_000);
    const before = lock.writes.length;
    expect(await lock.after(100, a.release(id, token))).toBe('released');
    expect(lock.writes.length - before).toBe(1);
    expect(await waiting).toMatchObject({ kind: 'granted', grant: { id: 'second', token: token + 1 } });
    expect(lock.counts.waited).toEqual([expect.closeTo(5, 0)]);
  });

  it('counts the wait into the validity, because the client counts from before it', async () => {
    const lock = aLock();
    const [a, b] = [lock.aReplica(), lock.aReplica()];
    const { id, token } = await grantOf(lock, a, 'first');
    const waiting = b.acquire(wish('second', 60_000), never);
    await lock.clock.advance(10_000);
    await lock.after(100, a.release(id, token));
    const outcome = await waiting;
    const validForMs = outcome.kind === 'granted' ? outcome.validForMs : 0;
    expect(validForMs).toBeGreaterThan(39_900);
    expect(validForMs).toBeLessThan(40_100);
  });

  it('refuses nobody from a view that may be old', async () => {
    const lock = aLock();
    const [a, blind] = [lock.aReplica(), lock.aReplica({ sees: false })];
    const first = await grantOf(lock, blind, 'first');
    await lock.after(100, a.release(first.id, first.token));
    const second = await grantOf(lock, a, 'second');
    // The blind replica still has the first grant in its view.
    expect(await lock.after(100, blind.renew(second.id, second.token))).toMatchObject({ kind: 'renewed' });
    await lock.after(100, a.release(second.id, second.token));
    expect(await lock.after(100, blind.acquire(wish('third'), never))).toMatchObject({ kind: 'granted' });
  });

  it('reads again after a conflict, and counts it', async () => {
    const lock = aLock();
    const [a, blind] = [lock.aReplica(), lock.aReplica({ sees: false })];
    const first = await grantOf(lock, blind, 'first');
    await lock.after(100, a.renew(first.id, first.token));
    expect(await lock.after(200, blind.release(first.id, first.token))).toBe('released');
    expect(lock.counts.conflicted).toBe(1);
  });

  it('grants within a second of the expiry', async () => {
    const lock = aLock();
    const keeper = lock.aReplica();
    await grantOf(lock, keeper, 'first');
    const waiting = keeper.acquire(wish('second', 120_000), never);
    await lock.clock.advance(30_800);
    expect(lock.api.current()?.state.grant?.id).toBe('first');
    await lock.clock.advance(1_000);
    expect(lock.api.current()?.state.grant?.id).toBe('second');
    expect(await waiting).toMatchObject({ kind: 'granted' });
    expect(lock.counts).toMatchObject({ granted: 2, expired: 1 });
  });

  it('answers held at the end of the wait, and leaves the queue', async () => {
    const lock = aLock();
    const keeper = lock.aReplica();
    await grantOf(lock, keeper, 'first');
    const outcome = await lock.after(2_200, keeper.acquire(wish('second', 2_000), never));
    expect(outcome).toEqual({ kind: 'held', holder: 'of-first', position: 1 });
    expect(lock.api.current()?.state.queue).toEqual([]);
    expect(keeper.isBusy()).toBe(false);
  });

  it('takes a client that has gone out of the queue', async () => {
    const lock = aLock();
    const keeper = lock.aReplica();
    await grantOf(lock, keeper, 'first');
    const gone = new AbortController();
    const waiting = keeper.acquire(wish('second', 60_000), gone.signal);
    await lock.clock.advance(100);
    expect(lock.api.current()?.state.queue).toHaveLength(1);
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    await lock.clock.advance(100);
    expect(lock.api.current()?.state.queue).toEqual([]);
  });

  it('keeps the places of those who wait, and drops those of a replica that was killed', async () => {
    const lock = aLock();
    const [a, b] = [lock.aReplica(), lock.aReplica()];
    const first = await grantOf(lock, a, 'first');
    const lost = a.acquire(wish('dead', 300_000), never);
    await lock.clock.advance(100);
    const waiting = b.acquire(wish('alive', 300_000), never);
    await lock.clock.advance(100);
    a.close();
    const before = lock.writes.length;
    await expect(lost).rejects.toMatchObject({ code: 'ABORTED' });
    for (let renewals = 0; renewals < 5; renewals += 1) await lock.after(ASK_AGAIN_MS, b.renew(first.id, first.token));
    const queues = lock.writes.slice(before).map(({ after }) => after.state.queue.map(({ id }) => id));
    expect(queues.every((ids) => ids.includes('alive'))).toBe(true);
    expect(queues.at(-1)).toEqual(['alive']);
    b.close();
    await Promise.allSettled([waiting]);
  });

  it('grants to who waits when the Lease is deleted by hand, with a greater token', async () => {
    const lock = aLock();
    const keeper = lock.aReplica();
    const { token } = await grantOf(lock, keeper, 'first');
    const waiting = keeper.acquire(wish('second', 60_000), never);
    await lock.clock.advance(100);
    lock.api.deleteByHand();
    const outcome = await lock.after(200, waiting);
    expect(outcome.kind === 'granted' && outcome.grant.token).toBeGreaterThan(token);
  });

  it('waits while the API server is away, and grants when it is back', async () => {
    const lock = aLock();
    const keeper = lock.aReplica();
    lock.calls.setDown(true);
    const refused = keeper.acquire(wish('at-once'), never);
    const waiting = keeper.acquire(wish('patient', 60_000), never);
    await expect(lock.after(10_000, refused)).rejects.toSatisfy((error) => codeOf(error) === 'KUBE_UNAVAILABLE');
    lock.calls.setDown(false);
    expect(await lock.after(3_000, waiting)).toMatchObject({ kind: 'granted', grant: { id: 'patient' } });
  });
});
