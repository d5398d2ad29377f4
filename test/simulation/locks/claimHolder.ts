/**
 * runClaimHolder: a worker that claims the lock by an object, waits until the status says Held,
 * writes to a resource, and lets the object go. It may be paused between its last look and its
 * write, and its object may outlive it.
 */

import type { LockKeeper } from '../../../api/locks/lockKeeper.ts';
import { claimId } from '../../../lib/lock/claims/claim.ts';
import type { VirtualClock } from '../../support/simulated/virtualClock.ts';
import type { Random } from '../random.ts';
import type { ClaimApi } from './claimApi.ts';

export interface ClaimHolderOptions {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly claims: ClaimApi;
  /** The replica of the api that the Service routes to now. */
  pick(): LockKeeper;
  readonly maxPauseMs: number;
  onWrite(token: number): void;
  /** Its grant was given back over the api. */
  onRelease(grantId: string, token: number): void;
}

export async function runClaimHolder(options: ClaimHolderOptions, untilAt: number): Promise<void> {
  const { name: worker, clock, random, claims, pick } = options;
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(() => resolve(), ms));
  for (let round = 1; clock.monotonic() < untilAt; round += 1) {
    const name = `${worker}-${round}`;
    const renew = random.pick(['Auto', 'Manual']);
    const claim = claims.create(name, { lock: 'reports', ttlSeconds: 5, renew }, clock.now());
    const token = await waitForGrant(name, random.between(1_000, 20_000));
    if (token !== null) await work(name, claimId(claim), token, renew === 'Manual');
    // Garbage collection takes an object whose worker has died.
    if (random.chance(0.2)) await sleep(random.between(100, 8_000));
    claims.delete(name);
    await sleep(random.between(10, 500));
  }

  async function waitForGrant(name: string, patienceMs: number): Promise<number | null> {
    for (const endsAt = clock.monotonic() + patienceMs; clock.monotonic() < endsAt; ) {
      await sleep(random.between(20, 300));
      const status = claims.read(name)?.status ?? null;
      if (status?.phase === 'Held') return status.fencingToken;
    }
    return null;
  }

  async function work(name: string, grantId: string, token: number, isManual: boolean): Promise<void> {
    const writes = random.below(6) + 1;
    for (let write = 0; write < writes; write += 1) {
      if (claims.read(name)?.status?.phase !== 'Held') return;
      await sleep(random.chance(0.08) ? random.between(1, options.maxPauseMs) : random.between(1, 400));
      options.onWrite(token);
      if (!isManual || !random.chance(0.5)) continue;
      const renewed = await pick()
        .renew(grantId, token)
        .catch(() => null);
      if (renewed?.kind === 'lost') return;
    }
    if (!isManual || !random.chance(0.5)) return;
    options.onRelease(grantId, token);
    await pick()
      .release(grantId, token)
      .catch(() => null);
    await sleep(random.between(1, 2_000));
  }
}
