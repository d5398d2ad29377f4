/**
 * VirtualClock: is the bridge's Clock, moved by hand. `advance` runs what comes due in order, and
 * lets every promise settle in between.
 */

import type { Clock } from '../../../bridge/clock.ts';
import { T0 } from '../objects/builders.ts';

interface Timer {
  readonly dueAt: number;
  readonly order: number;
  readonly callback: () => void;
}

export interface VirtualClock extends Clock {
  advance(ms: number): Promise<void>;
  /** Moves the time and runs nothing, as if the process stood still. */
  jump(ms: number): void;
  /** Sets the wall clock so far from the true time from now on, as an operator or NTP does. */
  setWallClock(aheadMs: number): void;
  pending(): number;
}

export function createVirtualClock(startAt = T0): VirtualClock {
  let now = startAt;
  let order = 0;
  let aheadMs = 0;
  const timers = new Set<Timer>();

  function nextDue(until: number): Timer | undefined {
    const due = [...timers].filter((timer) => timer.dueAt <= until);
    return due.sort((a, b) => a.dueAt - b.dueAt || a.order - b.order)[0];
  }

  return {
    now: () => now + aheadMs,
    monotonic: () => now,
    setTimer(callback, delayMs) {
      const timer = { dueAt: now + Math.max(0, delayMs), order: ++order, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        timers.delete(timer);
        now = Math.max(now, timer.dueAt);
        timer.callback();
        await settle();
      }
      now = until;
    },
    jump(ms) {
      now += ms;
    },
    setWallClock(ms) {
      aheadMs = ms;
    },
    pending: () => timers.size,
  };
}

/** One turn of the event loop: every promise that can settle without I/O has. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
