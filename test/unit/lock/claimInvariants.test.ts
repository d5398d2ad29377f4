import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ClaimView, claimId, isClaimId } from '../../../lib/lock/claims/claim.ts';
import { decideClaims } from '../../../lib/lock/claims/decideClaims.ts';
import { absentLock, type LockState } from '../../../lib/lock/lockState.ts';

const SKEW = 1_000;
const start = 1_764_300_000_000;

const step = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), renew: fc.constantFrom('Auto' as const, 'Manual' as const) }),
  fc.record({ kind: fc.constant('delete' as const), index: fc.nat(9) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
  // What a client of the api does with the grant of a claim.
  fc.record({ kind: fc.constant('release' as const) }),
  // The status of a decision did not get through.
  fc.record({ kind: fc.constant('lose' as const) }),
);

it('claims come and go in any order: tokens grow, one holds, each is granted once, and what is gone holds nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let now = start;
      let state: LockState = absentLock();
      let claims: ClaimView[] = [];
      let created = 0;
      let lastToken = 0;
      const grants = new Map<string, number>();
      let hasLost = false;
      for (const each of steps) {
        let isLost = false;
        switch (each.kind) {
          case 'create': {
            const name = `c${created++}`;
            const spec = { lock: 'reports', holder: name, ttlMs: 30_000, renew: each.renew, status: null };
            const object = { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion: '1', terminating: false };
            claims.push({ ...object, ...spec, createdAt: now });
            break;
          }
          case 'delete':
            claims = claims.filter((_, index) => index !== each.index);
            break;
          case 'wait':
            now += each.ms;
            break;
          case 'release':
            state = { ...state, grant: null };
            break;
          case 'lose':
            isLost = true;
            hasLost = true;
        }
        const { lock, statuses, nextAt } = decideClaims(state, claims, now, SKEW);
        state = lock.next;
        const { grant, queue } = state;
        if (grant !== null && grant.token !== lastToken) {
          expect(grant.token).toBeGreaterThan(lastToken);
          lastToken = grant.token;
          grants.set(grant.id, (grants.get(grant.id) ?? 0) + 1);
        }
        const written = new Map(statuses.map(({ claim, status }) => [claim.uid, status]));
        if (!isLost) claims = claims.map((claim) => ({ ...claim, status: written.get(claim.uid) ?? claim.status }));
        const ids = new Set(claims.map(claimId));
        for (const { id } of [...queue, ...(grant === null ? [] : [grant])])
          expect(!isClaimId(id) || ids.has(id)).toBe(true);
        if (isLost) continue;
        const held = claims.filter(({ status }) => status?.phase === 'Held');
        expect(held.map(claimId)).toEqual(grant === null ? [] : [grant.id]);
        for (const { status } of held) expect(status?.fencingToken).toBe(grant?.token);
        if (nextAt !== null) expect(nextAt).toBeGreaterThanOrEqual(now);
        // A claim that was not told of its grant may get another one.
        if (!hasLost) expect([...grants.values()].every((count) => count === 1)).toBe(true);
        // The same again changes no status.
        expect(decideClaims(state, claims, now, SKEW).statuses).toEqual([]);
      }
    }),
    { numRuns: 500 },
  );
});
