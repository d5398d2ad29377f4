/**
 * Clock: the only time that the bridge knows. Everything that waits is given one, so that tests and
 * the simulation move it by hand.
 *
 * Guarantees: a timer of `systemClock` never keeps the process alive. One that is longer than Node
 * can hold is cut to `MAX_TIMER_MS` instead of firing at once.
 * Source: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args ("When delay is larger
 * than 2147483647 ... the delay will be set to 1").
 */

import { createElapsed } from './elapsed.ts';

/** Stops the timer; harmless when it has fired. */
export type CancelTimer = () => void;

export interface Clock {
  /** Epoch milliseconds. An operator or NTP may set it, ahead or back. */
  now(): number;
  /**
   * Milliseconds from any start, for how long something takes; elapsed.ts says which guarantees the
   * system's has.
   */
  monotonic(): number;
  setTimer(callback: () => void, delayMs: number): CancelTimer;
}

const MAX_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: Date.now,
  monotonic: createElapsed(Date.now, () => performance.now()),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
