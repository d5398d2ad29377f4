/**
 * Bounds the timer that a reply asks for ("reconcile again in N ms").
 */

/**
 * A longer timer fires at once: Node keeps delays in 32 bits. An hour is far below, and a resync is
 * never further away.
 */
export const MAX_RECHECK_MS = 3_600_000;

/** Whole milliseconds, from 0 to `MAX_RECHECK_MS`. */
export function toRecheckDelay(untilMs: number): number {
  return Math.min(Math.max(Math.ceil(untilMs), 0), MAX_RECHECK_MS);
}
