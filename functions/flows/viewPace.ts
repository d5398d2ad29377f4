/**
 * createViewPace: spreads the views of all flows of this process over time. A view costs the API
 * server more than all else that a step writes.
 *
 * Guarantees: no decision depends on it. It only puts off views in which nothing urgent has
 * changed, by half a minute at most.
 */

export interface ViewPace {
  /** When the next view has its turn; epoch milliseconds. */
  nextAt(): number;
  /** A view was written, urgent or not. */
  note(tookMs: number, now: number): void;
}

/** Together the views take so small a part of the time. */
export const REST = 20;
export const LONGEST_REST_MS = 30_000;

export function createViewPace(): ViewPace {
  let nextAt = 0;
  return {
    nextAt: () => nextAt,
    note(tookMs, now) {
      nextAt = now + Math.min(LONGEST_REST_MS, tookMs * REST);
    },
  };
}
