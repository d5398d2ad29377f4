/**
 * createPace: keeps all probes together below a rate. Where the targets ask for more, the intervals
 * of all of them stretch evenly.
 *
 * Guarantees: probes start at `maxPerSecond` at most, but for a burst of 50 ms. A place is given
 * out in the order in which it was asked for.
 * Source: https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */

export interface Pace {
  /** Adds to what the targets ask for, in probes a second; negative to take back. */
  plan(perSecond: number): void;
  /** By how much intervals are longer than asked for; 1 where there is room for all. */
  stretch(): number;
  /** Takes the next place; returns how long it is until then, in milliseconds. */
  take(): number;
}

/** What comes together waits for no place, such as the next in line of a leader that failed. */
const BURST_MS = 50;

/** `now`: monotonic milliseconds. */
export function createPace(maxPerSecond: number, now: () => number): Pace {
  const spacingMs = 1_000 / maxPerSecond;
  let planned = 0;
  /** When the next place is free if every one before is used evenly. */
  let nextAt = Number.NEGATIVE_INFINITY;
  return {
    plan(perSecond) {
      // Sums of fractions leave a rest; it must not go below nothing.
      planned = Math.max(0, planned + perSecond);
    },
    stretch: () => Math.max(1, planned / maxPerSecond),
    take() {
      const at = now();
      const place = Math.max(nextAt, at);
      nextAt = place + spacingMs;
      return Math.max(0, place - BURST_MS - at);
    },
  };
}
