import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideLock } from '../../../lib/lock/decideLock.ts';
import type { AcquireRequest, LockRequest } from '../../../lib/lock/lockRequest.ts';
import {
  absentLock,
  expiresAt,
  type Grant,
  type LockState,
  MAX_QUEUE,
  validForMs,
  type Waiter,
} from '../../../lib/lock/lockState.ts';
import { parseLock } from '../../../lib/lock/parseLock.ts';
import { toLease } from '../../support/objects/aLockLease.ts';

const T0 = Date.parse('2026-11-20T10:00:00Z');
const SKEW_MS = 1_000;
const TTL_MS = 30_000;

const acquire = (id: string, rest: Partial<AcquireRequest> = {}): AcquireRequest => ({
  kind: 'acquire',
  id,
  holder: `holder-${id}`,
  ttlMs: TTL_MS,
  lockDelayMs: 0,
  waitsUntil: null,
  ...rest,
});
const wait = (id: string, rest: Partial<AcquireRequest> = {}) => acquire(id, { waitsUntil: T0 + 60_000, ...rest });
const aGrant = (rest: Partial<Grant> = {}): Grant => ({
  id: 'a',
  holder: 'holder-a',
  token: 7,
  ttlMs: TTL_MS,
  lockDelayMs: 0,
  acquiredAt: T0,
  renewedAt: T0,
  ...rest,
});
const aWaiter = (id: string, rest: Partial<Waiter> = {}): Waiter => ({
  id,
  holder: `holder-${id}`,
  expiresAt: T0 + 60_000,
  ttlMs: TTL_MS,
  lockDelayMs: 0,
  ...rest,
});
const held = (rest: Partial<LockState> = {}): LockState => ({
  exists: true,
  token: 7,
  grant: aGrant(),
  queue: [],
  ...rest,
});
const free = (rest: Partial<LockState> = {}): LockState => held({ grant: null, ...rest });
const decide = (state: LockState, requests: readonly LockRequest[], now = T0) =>
  decideLock(state, requests, now, SKEW_MS);

describe('decideLock', () => {
  it('grants a lock without a Lease, with the time as its first token', () => {
    const { next, answers, patch } = decide(absentLock(), [acquire('a')]);
    expect(next).toEqual(held({ token: T0, grant: aGrant({ token: T0 }) }));
    expect(answers).toEqual([{ kind: 'granted', grant: next.grant }]);
    expect(patch?.spec).toEqual({
      holderIdentity: 'holder-a',
      leaseDurationSeconds: 30,
      acquireTime: '2026-11-20T10:00:00.000000Z',
      renewTime: '2026-11-20T10:00:00.000000Z',
    });
  });

  it('goes on from the remembered token where a Lease was deleted and the clock is behind', () => {
    expect(decide(absentLock(T0 + 50), [acquire('a')]).next.token).toBe(T0 + 51);
    expect(decide(absentLock(T0 - 50), [acquire('a')]).next.token).toBe(T0);
  });

  it('gives one token more at each grant', () => {
    expect(decide(free({ token: T0 + 3 }), [acquire('b')], T0 + 99_000).next.token).toBe(T0 + 4);
  });

  it('writes nothing for a release, a renewal or a withdrawal of a lock without a Lease', () => {
    const requests: readonly LockRequest[] = [
      { kind: 'renew', grantId: 'a', token: 1 },
      { kind: 'release', grantId: 'a', token: 1 },
      { kind: 'withdraw', id: 'a' },
      { kind: 'tick' },
    ];
    const { patch, answers } = decide(absentLock(), requests);
    expect(patch).toBeNull();
    expect(answers.map(({ kind }) => kind)).toEqual(['lost', 'lost', 'withdrawn', 'ticked']);
  });

  it('gives the same request the same grant, and writes nothing', () => {
    const { patch, answers } = decide(held(), [acquire('a')], T0 + 5_000);
    expect({ patch, answers }).toEqual({ patch: null, answers: [{ kind: 'granted', grant: aGrant() }] });
  });

  it('gives no grant to another holder that sends the id of the request', () => {
    const { answers } = decide(held(), [acquire('a', { holder: 'thief' })]);
    expect(answers).toEqual([{ kind: 'held', holder: 'holder-a', position: 1 }]);
  });

  it('tells who does not wait who holds the lock, and the place that it would have had', () => {
    const { patch, answers } = decide(held({ queue: [aWaiter('b')] }), [acquire('c')]);
    expect({ patch, answers }).toEqual({
      patch: null,
      answers: [{ kind: 'held', holder: 'holder-a', position: 2 }],
    });
  });

  it('queues who waits, in the order of the requests, once each', () => {
    const { next, answers } = decide(held(), [wait('b'), wait('c'), wait('b')]);
    expect(next.queue).toEqual([aWaiter('b'), aWaiter('c')]);
    expect(answers).toEqual([1, 2, 1].map((position) => ({ kind: 'waiting', position })));
  });

  it(`queues at most ${MAX_QUEUE}, and whoever is there already stays`, () => {
    const queue = Array.from({ length: MAX_QUEUE }, (_, index) => aWaiter(`w${index}`));
    const { next, answers } = decide(held({ queue }), [wait('late'), wait('w63')]);
    expect(answers).toEqual([{ kind: 'full' }, { kind: 'waiting', position: 64 }]);
    expect(next.queue).toHaveLength(MAX_QUEUE);
  });

  it('hands over in the write of the release, with what the waiter asked for', () => {
    const waiter = aWaiter('b', { ttlMs: 5_000, lockDelayMs: 2_000 });
    const { next, answers } = decide(held({ queue: [waiter, aWaiter('c')] }), [
      { kind: 'release', grantId: 'a', token: 7 },
    ]);
    expect(answers).toEqual([{ kind: 'released' }]);
    expect(next.grant).toEqual(aGrant({ id: 'b', holder: 'holder-b', token: 8, ttlMs: 5_000, lockDelayMs: 2_000 }));
    expect(next.queue).toEqual([aWaiter('c')]);
  });

  it('keeps the Lease of a lock that is released, with its token', () => {
    const { next, patch } = decide(held(), [{ kind: 'release', grantId: 'a', token: 7 }]);
    expect(next).toEqual(free());
    expect(patch?.spec).toEqual({ holderIdentity: null });
  });

  it.each([
    ['another grantId', { grantId: 'b', token: 7 }],
    ['a smaller token', { grantId: 'a', token: 6 }],
    ['a greater token', { grantId: 'a', token: 8 }],
  ])('changes nothing for a renewal or release with %s', (_, wrong) => {
    for (const kind of ['renew', 'release'] as const) {
      const { patch, answers } = decide(held({ queue: [aWaiter('b')] }), [{ kind, ...wrong }]);
      expect({ patch, answers }).toEqual({ patch: null, answers: [{ kind: 'lost' }] });
    }
  });

  it('lets no guess end a grant that was given in the same write', () => {
    const requests: readonly LockRequest[] = [
      { kind: 'release', grantId: 'a', token: 7 },
      { kind: 'release', grantId: 'b', token: 8 },
    ];
    const { next, answers } = decide(held({ queue: [aWaiter('b')] }), requests);
    expect(answers).toEqual([{ kind: 'released' }, { kind: 'lost' }]);
    expect(next.grant?.id).toBe('b');
  });

  it('ends a grant after its time, the bound of the clocks and the lock delay, and not before', () => {
    const state = held({ grant: aGrant({ lockDelayMs: 4_000 }), queue: [aWaiter('b')] });
    const endsAt = T0 + TTL_MS + SKEW_MS + 4_000;
    expect(expiresAt(aGrant({ lockDelayMs: 4_000 }), SKEW_MS)).toBe(endsAt);
    const before = decide(state, [{ kind: 'tick' }], endsAt - 1);
    expect({ patch: before.patch, hasExpired: before.hasExpired }).toEqual({ patch: null, hasExpired: false });
    const after = decide(state, [{ kind: 'renew', grantId: 'a', token: 7 }], endsAt);
    expect(after).toMatchObject({ hasExpired: true, answers: [{ kind: 'lost' }], next: { grant: { id: 'b' } } });
  });

  it('gives a lock that is free to the first waiter, and queues who has just come', () => {
    const { next, answers } = decide(free({ queue: [aWaiter('b')] }), [wait('c'), acquire('d')]);
    expect(next).toMatchObject({ grant: { id: 'b' }, queue: [{ id: 'c' }] });
    expect(answers).toEqual([
      { kind: 'waiting', position: 1 },
      { kind: 'held', holder: 'holder-b', position: 2 },
    ]);
  });

  it('drops a waiter that has not asked again in time, but not one that asks in this round', () => {
    const late = { expiresAt: T0 };
    const { next } = decide(held({ queue: [aWaiter('b', late), aWaiter('c', late)] }), [wait('d'), wait('c')]);
    expect(next.queue.map(({ id }) => id)).toEqual(['c', 'd']);
  });

  it('takes a waiter that withdraws out of the queue, and tells it when it has been granted', () => {
    expect(decide(held({ queue: [aWaiter('b')] }), [{ kind: 'withdraw', id: 'b' }])).toMatchObject({
      next: { queue: [] },
      answers: [{ kind: 'withdrawn' }],
    });
    expect(decide(held(), [{ kind: 'withdraw', id: 'a' }])).toMatchObject({
      patch: null,
      answers: [{ kind: 'granted', grant: { token: 7 } }],
    });
  });

  it('holds a Lease that another program took for as long as that one says', () => {
    const state = held({ grant: aGrant({ id: '', holder: 'stranger' }) });
    expect(decide(state, [acquire('b')]).answers).toMatchObject([{ kind: 'held', holder: 'stranger' }]);
    expect(decide(state, [acquire('b')], T0 + TTL_MS + SKEW_MS).answers).toMatchObject([{ kind: 'granted' }]);
  });
});

describe('validForMs', () => {
  it.each([
    ['all of the time for a grant of this moment', T0, 0, TTL_MS],
    ['what is left of a grant that another replica gave', T0 + 400, 0, TTL_MS - 400],
    ['the wait as well, because the client counts from before it', T0 + 400, 9_000, TTL_MS + 8_600],
    ['no more than that where the other clock is ahead', T0 - 700, 9_000, TTL_MS + 9_000],
    ['nothing once the time is over', T0 + TTL_MS + 1, 0, 0],
  ])('is %s', (_, now, waitedMs, expected) => {
    expect(validForMs(aGrant(), now, waitedMs)).toBe(expected);
  });
});

/** A client that may hold the truth, a lie, or nothing. */
const ids = ['a', 'b', 'c', 'd'] as const;
const anId = fc.constantFrom(...ids);
const aRequest = (token: number): fc.Arbitrary<LockRequest> =>
  fc.oneof(
    fc.record({
      kind: fc.constant('acquire' as const),
      id: anId,
      holder: fc.constantFrom('x', 'y'),
      ttlMs: fc.constantFrom(5_000, 30_000),
      lockDelayMs: fc.constantFrom(0, 2_000),
      waitsUntil: fc.constantFrom(null, 3_000, 40_000).map((ms) => (ms === null ? null : T0 + ms)),
    }),
    fc.record({
      kind: fc.constantFrom('renew' as const, 'release' as const),
      grantId: anId,
      token: fc.constantFrom(token - 1, token, token, token, token + 1),
    }),
    fc.record({ kind: fc.constant('withdraw' as const), id: anId }),
    fc.constant({ kind: 'tick' as const }),
  );

describe('decideLock, over random histories', () => {
  it('keeps K1 to K5, and what it writes is what the next replica reads', () => {
    const aStep = fc.record({ laterMs: fc.constantFrom(0, 500, 4_000, 40_000), seeds: fc.nat(), size: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 12 }), (steps) => {
        let state = absentLock();
        let now = T0;
        for (const { laterMs, seeds, size } of steps) {
          now += laterMs;
          const requests = fc.sample(aRequest(state.token), { seed: seeds, numRuns: size });
          const before = structuredClone(state);
          const { next, patch, answers } = decide(state, requests, now);
          expect(state, 'the input is left alone').toEqual(before);
          expect(answers).toHaveLength(requests.length);
          checkStep(state, requests, next, now);
          if (patch === null) expect(next).toBe(state);
          else expect(parseLock(toLease('jobs', patch)).state).toEqual(next);
          state = next;
        }
      }),
      { numRuns: 300 },
    );
  });
});

function checkStep(state: LockState, requests: readonly LockRequest[], next: LockState, now: number): void {
  const [had, has] = [state.grant, next.grant];
  const isNew = has !== null && has.token !== had?.token;
  if (isNew) expect(next.token, 'K1').toBeGreaterThan(state.token);
  else expect(next.token, 'K1').toBe(state.token);
  if (has !== null) expect(has.token, 'K2').toBe(next.token);
  const isOurs = (each: LockRequest) =>
    (each.kind === 'release' || each.kind === 'renew') && each.grantId === had?.id && each.token === had.token;
  const mayEnd =
    had === null || now >= expiresAt(had, SKEW_MS) || requests.some((each) => each.kind === 'release' && isOurs(each));
  if (had !== null && has?.token !== had.token) expect(mayEnd, 'K3').toBe(true);
  if (had !== null && has?.token === had.token && !requests.some(isOurs)) expect(has, 'K4').toEqual(had);
  const waiting = state.queue.filter(
    ({ id, expiresAt: at }) => at > now && !requests.some((each) => each.kind === 'withdraw' && each.id === id),
  );
  if (isNew && waiting[0] !== undefined && !requests.some(({ kind }) => kind === 'withdraw')) {
    const asked = requests.flatMap((each) => (each.kind === 'acquire' ? [each.id] : []));
    const first = state.queue.find(({ id, expiresAt: at }) => at > now || asked.includes(id));
    expect([waiting[0].id, first?.id], 'K5').toContain(has.id);
  }
  expect(next.queue.length).toBeLessThanOrEqual(MAX_QUEUE);
  expect(new Set(next.queue.map(({ id }) => id)).size).toBe(next.queue.length);
}
