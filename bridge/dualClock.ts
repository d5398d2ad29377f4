/**
 * createDualClock: how long ago something was, on the two clocks of this machine. Used by lease.ts.
 *
 * Guarantees: an age is the greater of what the wall clock and the monotonic clock say. One of them stands still while a virtual machine is
 * paused, the other one may be set back; whoever must not believe for too long asks both.
 */

import type { Clock } from './clock.ts';

export interface Mark {
  readonly at: number;
  readonly monotonicAt: number;
}

export interface DualClock {
  mark(): Mark;
  ageMs(mark: Mark): number;
}

export function createDualClock(clock: Pick<Clock, 'now'>, monotonicNow: () => number): DualClock {
  return {
    mark: () => ({ at: clock.now(), monotonicAt: monotonicNow() }),
    ageMs: ({ at, monotonicAt }) => Math.max(clock.now() - at, monotonicNow() - monotonicAt),
  };
}
