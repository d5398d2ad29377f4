/**
 * createDualClock: measures how long ago something was, on both clocks of this machine.
 *
 * Guarantees: an age is the greater of what the wall clock and the monotonic clock say. A paused
 * virtual machine stops one of them, and an operator may set the other one back. A caller that must
 * not hold an old answer for too long needs both.
 */

import type { Clock } from './clock.ts';

export interface Mark {
  readonly at: number;
  readonly monotonicAt: number;
}

interface DualClock {
  mark(): Mark;
  ageMs(mark: Mark): number;
}

export function createDualClock(clock: Pick<Clock, 'now'>, monotonicNow: () => number): DualClock {
  return {
    mark: () => ({ at: clock.now(), monotonicAt: monotonicNow() }),
    ageMs: ({ at, monotonicAt }) => Math.max(clock.now() - at, monotonicNow() - monotonicAt),
  };
}
