/**
 * createElapsed: a clock for silence, ages and lifetimes, out of the wall clock and the monotonic
 * one.
 *
 * Guarantees: never goes back, and goes on at the pace of the monotonic clock when the wall clock
 * is set back. It also counts the time for which the machine was suspended, when the monotonic
 * clock stands still and the wall clock does not. A process that slept must know that its view is
 * old.
 * Does not guarantee that a wall clock set ahead goes unnoticed: once, it counts as a suspension.
 * Source: https://man7.org/linux/man-pages/man2/clock_gettime.2.html (CLOCK_MONOTONIC "does not
 * count time that the system is suspended").
 */

/**
 * Between two readings the clocks may differ by so much: rounding, and what NTP slews. A second is
 * well under what a stale view is trusted for (3 s).
 */
const TOLERANCE_MS = 1_000;

export function createElapsed(wallNow: () => number, monotonicNow: () => number): () => number {
  let wallAhead = wallNow() - monotonicNow();
  let suspendedMs = 0;
  return () => {
    const monotonic = monotonicNow();
    const ahead = wallNow() - monotonic;
    const gap = ahead - wallAhead;
    wallAhead = ahead;
    if (gap > TOLERANCE_MS) suspendedMs += gap;
    return monotonic + suspendedMs;
  };
}
