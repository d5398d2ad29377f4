/**
 * LockClient: a worker that takes the lock, writes to a resource, and gives the lock back. It
 * counts the validity of its grant as the clients do that we ship, and it may be paused at any
 * point, between its last look at the clock and its write as well.
 */

import type { AcquireOutcome, LockKeeper } from '../../../api/locks/lockKeeper.ts';
import type { VirtualClock } from '../../support/simulated/virtualClock.ts';
import type { Random } from '../random.ts';

export interface ClientOptions {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly random: Random;
  /** The replica that the Service routes to now. */
  pick(): LockKeeper;
  /** How long a client may stand still, at most. */
  readonly maxPauseMs: number;
  /** Counts from the answer, which is the fault that the fence is there for. */
  readonly countsFromAnswer: boolean;
  onWrite(token: number): void;
  /** Its grant was given back; a later grant follows from it. */
  onRelease(grantId: string, token: number): void;
  /** From when to when it has counted its grant as valid. */
  onHeld(token: number, from: number, until: number): void;
}

const TTL_MS = 5_000;

export async function runClient(options: ClientOptions, untilAt: number): Promise<void> {
  const { name, clock, random, pick } = options;
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(() => resolve(), ms));
  const never = new AbortController().signal;
  for (let round = 1; clock.monotonic() < untilAt; round += 1) {
    const id = `${name}-${round}`;
    const sentAt = clock.monotonic();
    const wish = { id, holder: name, ttlMs: TTL_MS, lockDelayMs: 0, waitMs: random.pick([0, 4_000, 20_000]) };
    await sleep(random.between(1, 30));
    const outcome = await acquire(pick(), wish, never);
    await sleep(random.between(1, random.chance(0.1) ? 2_000 : 30));
    if (outcome?.kind !== 'granted') {
      await sleep(random.between(10, 500));
      continue;
    }
    await hold(outcome, options.countsFromAnswer ? clock.monotonic() : sentAt);
    await sleep(random.between(10, 500));
  }

  async function hold(
    { grant, validForMs }: Extract<AcquireOutcome, { kind: 'granted' }>,
    countedFrom: number,
  ): Promise<void> {
    let validUntil = countedFrom + validForMs;
    const heldFrom = clock.monotonic();
    let isLost = false;
    const writes = random.below(6) + 1;
    for (let write = 0; write < writes && !isLost && clock.monotonic() < validUntil; write += 1) {
      // The pause that no client can rule out: after the check, before the write.
      await sleep(random.chance(0.08) ? random.between(1, options.maxPauseMs) : random.between(1, 400));
      options.onWrite(grant.token);
      if (!random.chance(0.5)) continue;
      const renewedFrom = clock.monotonic();
      await sleep(random.between(1, 30));
      const renewed = await pick()
        .renew(grant.id, grant.token)
        .catch(() => null);
      await sleep(random.between(1, 30));
      if (renewed?.kind === 'lost') isLost = true;
      if (renewed?.kind !== 'renewed') continue;
      const from = options.countsFromAnswer ? clock.monotonic() : renewedFrom;
      validUntil = Math.max(validUntil, from + renewed.validForMs);
    }
    options.onHeld(grant.token, heldFrom, Math.min(validUntil, clock.monotonic()));
    // Some end without giving back, as a worker does that is killed.
    if (random.chance(0.2)) return;
    options.onRelease(grant.id, grant.token);
    await pick()
      .release(grant.id, grant.token)
      .catch(() => null);
  }
}

async function acquire(
  keeper: LockKeeper,
  wish: Parameters<LockKeeper['acquire']>[0],
  signal: AbortSignal,
): Promise<AcquireOutcome | null> {
  try {
    return await keeper.acquire(wish, signal);
  } catch {
    return null;
  }
}
