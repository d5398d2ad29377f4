import { describe, expect, it } from 'vitest';
import { type ClaimStatus, type ClaimView, claimId } from '../../../lib/lock/claims/claim.ts';
import { decideClaims, namesOthers } from '../../../lib/lock/claims/decideClaims.ts';
import { absentLock, type LockState } from '../../../lib/lock/lockState.ts';

const now = 1_764_300_000_000;
const SKEW = 1_000;

function aClaim(name: string, rest: Partial<ClaimView> = {}): ClaimView {
  return {
    ...{ namespace: 'shop', name, uid: `uid-${name}`, resourceVersion: '1', createdAt: now, terminating: false },
    ...{ lock: 'reports', holder: name, ttlMs: 30_000, renew: 'Auto', status: null, ...rest },
  };
}

/** Decides, and hands each claim the status that it got. */
function decide(state: LockState, claims: readonly ClaimView[], at = now) {
  const { lock, statuses, nextAt } = decideClaims(state, claims, at, SKEW);
  const statusOf = new Map<string, ClaimStatus>(statuses.map(({ claim, status }) => [claim.name, status]));
  const next = claims.map((claim) => ({ ...claim, status: statusOf.get(claim.name) ?? claim.status }));
  return { state: lock.next, claims: next, written: [...statusOf.keys()], patch: lock.patch, nextAt };
}

describe('decideClaims', () => {
  it('grants the oldest claim, and gives the others their places', () => {
    const claims = [aClaim('b', { createdAt: now + 1 }), aClaim('c', { createdAt: now + 2 }), aClaim('a')];
    const { state, claims: after } = decide(absentLock(), claims);
    expect(state.grant).toMatchObject({ id: 'claim-uid-a', holder: 'a', token: now });
    expect(after.map(({ name, status }) => [name, status?.phase, status?.position, status?.fencingToken])).toEqual([
      ['b', 'Pending', 1, null],
      ['c', 'Pending', 2, null],
      ['a', 'Held', null, now],
    ]);
  });

  it('writes nothing where nothing has changed', () => {
    const first = decide(absentLock(), [aClaim('a'), aClaim('b', { createdAt: now + 1 })]);
    const again = decide(first.state, first.claims, now + 1_000);
    expect([again.patch, again.written]).toEqual([null, []]);
    // Its place is kept for a minute, and asked for again in time.
    expect(again.nextAt).toBe(now + 10_000);
    const later = decide(again.state, again.claims, now + 30_500);
    expect(later.state.queue[0]?.expiresAt).toBe(now + 90_500);
  });

  it('hands over when the claim of the holder is gone, with a greater token', () => {
    const first = decide(absentLock(), [aClaim('a'), aClaim('b', { createdAt: now + 1 })]);
    const left = first.claims.filter(({ name }) => name === 'b');
    const { state, claims } = decide(first.state, left, now + 1_000);
    expect(state.grant).toMatchObject({ id: 'claim-uid-b', token: now + 1 });
    expect(claims[0]?.status).toMatchObject({ phase: 'Held', fencingToken: now + 1 });
  });

  it('takes a claim that waits out of the queue when it is gone', () => {
    const first = decide(absentLock(), [aClaim('a'), aClaim('b', { createdAt: now + 1 })]);
    const { state } = decide(
      first.state,
      first.claims.filter(({ name }) => name === 'a'),
      now + 1_000,
    );
    expect(state.queue).toEqual([]);
  });

  it('renews Auto after a third of its time, and asks to look then', () => {
    const first = decide(absentLock(), [aClaim('a')]);
    expect(first.nextAt).toBe(now + 10_000);
    const later = decide(first.state, first.claims, now + 10_000);
    expect(later.state.grant).toMatchObject({ renewedAt: now + 10_000, token: now });
    expect(later.claims[0]?.status?.expiresAt).toBe(now + 40_000);
  });

  it('lets Manual expire, and never grants to it again', () => {
    const first = decide(absentLock(), [aClaim('a', { renew: 'Manual' }), aClaim('b', { createdAt: now + 1 })]);
    const held = decide(first.state, first.claims, now + 30_500);
    expect(held.state.grant?.id, 'clocks of replicas may differ').toBe('claim-uid-a');
    const over = decide(held.state, held.claims, now + 31_000);
    expect(over.claims.map(({ status }) => status?.phase)).toEqual(['Expired', 'Held']);
    expect(over.claims[0]?.status).toMatchObject({
      fencingToken: now,
      condition: { status: 'False', reason: 'Expired' },
    });
    const alone = decide(over.state, over.claims.slice(0, 1), now + 32_000);
    expect(alone.state.grant).toBeNull();
    expect(alone.nextAt).toBeNull();
  });

  it('says Released for a grant that was given back over the api', () => {
    const first = decide(absentLock(), [aClaim('a')]);
    const { claims, state } = decide({ ...first.state, grant: null }, first.claims, now + 5_000);
    expect(claims[0]?.status?.phase).toBe('Released');
    expect(state.grant).toBeNull();
  });

  it('leaves alone what clients of the api hold and wait for', () => {
    const grant = { ...{ id: 'r-1', holder: 'other', token: 7, ttlMs: 30_000 }, ...times };
    const queue = [{ id: 'r-2', holder: 'next', expiresAt: now + 30_000, ttlMs: 30_000, lockDelayMs: 0 }];
    const { state, claims } = decide({ exists: true, token: 7, grant, queue }, [aClaim('a')]);
    expect(state.grant).toEqual(grant);
    expect(state.queue.map(({ id }) => id)).toEqual(['r-2', claimId(aClaim('a'))]);
    expect(claims[0]?.status).toMatchObject({ phase: 'Pending', position: 2 });
  });

  it('names a place or a grant of a claim that it was not given', () => {
    const { state } = decide(absentLock(), [aClaim('a'), aClaim('b', { createdAt: now + 1 })]);
    expect(namesOthers(state, [aClaim('a'), aClaim('b')])).toBe(false);
    expect(namesOthers(state, [aClaim('b')])).toBe(true);
    expect(namesOthers(state, [aClaim('a')])).toBe(true);
  });
});

const times = { lockDelayMs: 0, acquiredAt: now, renewedAt: now };
