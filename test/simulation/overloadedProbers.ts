/**
 * OverloadedProbers: bridges whose processor is taken by something else. They stand still for parts
 * of a second, over and over, so that answers of pods and nodes are read late.
 *
 * It draws from a stream of its own. A run without it is the same run as before there was any.
 */

import { createRandom } from './random.ts';
import type { Troubles } from './troubles.ts';

/** Of runs. */
const SHARE = 0.1;
const SEED_MASK = 0x10ad;
const FIRST_MS = 5_000;
const PACE_MS = 8_000;
/** Longer than the time-out of a check, and shorter than what counts as a standstill. */
const MOST_STILL_MS = 900;
const MOST_GOING_MS = 300;

export function startOverloadedProbers(options: Troubles): void {
  const { cluster, scheduler, verdict, seed, until, isOn } = options;
  const random = createRandom(seed ^ SEED_MASK);
  const isDrawn = random.chance(SHARE);
  if (isOn === false || (!isDrawn && isOn !== true)) return;

  function stutter(name: string, endsAt: number): void {
    const process = cluster.processOf(name);
    if (scheduler.now() >= endsAt || process?.isAlive() !== true || process.isFrozen()) return;
    const stillMs = random.between(20, MOST_STILL_MS);
    process.freeze();
    cluster.mayBeBlind(name, 'freeze', stillMs);
    scheduler.schedule(stillMs, () => {
      process.thaw();
      scheduler.schedule(random.between(5, MOST_GOING_MS), () => stutter(name, endsAt));
    });
  }

  function act(): void {
    if (scheduler.now() >= until) return;
    const name = random.pickAny(cluster.bridgeNames) ?? 'bridge-0';
    const forMs = random.between(2_000, 12_000);
    verdict.note(`* ${name} is overloaded for ${(forMs / 1_000).toFixed(1)} s`);
    stutter(name, Math.min(until, scheduler.now() + forMs));
    scheduler.schedule(random.between(0, 2 * PACE_MS), act);
  }
  scheduler.schedule(FIRST_MS, act);
}
