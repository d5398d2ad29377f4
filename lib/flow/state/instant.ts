/**
 * Says which numbers of a record are instants (epoch milliseconds) and spans (milliseconds). People
 * with rights on records can write any.
 */

/**
 * The year 9000. RFC 3339 has four digits for a year, and what a backoff or a deadline adds to an
 * instant has to have a text as well.
 */
const TOO_LATE = Date.UTC(9000, 0);

export function isInstant(value: unknown): value is number {
  return isSpan(value) && value >= 0;
}

/** Of clocks that were set, one may be below zero. */
export function isSpan(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < TOO_LATE;
}
