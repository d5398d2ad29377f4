/**
 * Concurrency: adapts how many events may be in flight to what the sink bears.
 *
 * It halves the limit when the sink is overloaded (no answer in time, 429, 503). Otherwise
 * deadlines missed under load would become hints, and hints are reads. It adds one on success while
 * the limit is in use, up to where it started. Above that it adds one for each round of as many
 * successes as the limit: what is in flight beyond what the API server works on only waits there,
 * on connections of its own. An overload of what was sent before a cut does not cut again: it had
 * the same cause.
 * Source: slow start and congestion avoidance, as in TCP (RFC 5681, section 3.1).
 */

export interface ConcurrencyBounds {
  readonly min: number;
  readonly start: number;
  readonly max: number;
}

interface Concurrency {
  limit(): number;
  succeed(inFlight: number): void;
  /**
   * `attempt`: which one met the overload; `latest`: the last one sent so far. False: at the least
   * already.
   */
  overload(attempt: number, latest: number): boolean;
}

export function createConcurrency({ min, start, max }: ConcurrencyBounds): Concurrency {
  /** Grows by fractions; the events in flight are whole. */
  let limit = start;
  /** The last attempt that was sent before the last cut. */
  let cutAfter = 0;
  return {
    limit: () => Math.floor(limit),
    succeed(inFlight) {
      if (inFlight < Math.floor(limit)) return;
      limit = Math.min(max, limit + (limit < start ? 1 : 1 / limit));
    },
    overload(attempt, latest) {
      if (attempt <= cutAfter) return true;
      if (limit === min) return false;
      cutAfter = latest;
      limit = Math.max(min, Math.floor(limit / 2));
      return true;
    },
  };
}
