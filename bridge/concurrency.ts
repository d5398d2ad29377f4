/**
 * Concurrency: how many events may be in flight, adapted to what the sink bears. Used by `deliver`.
 *
 * Halved when the sink is overloaded (no answer in time, 429, 503), because a deadline missed under load becomes a hint, and hints
 * are reads; grown by one on success while the limit is in use. What was sent before a cut does not cut again: it suffered from the
 * same load.
 * Source: additive increase, multiplicative decrease, as TCP has it (RFC 5681, section 3.1).
 */

export interface ConcurrencyBounds {
  readonly min: number;
  readonly start: number;
  readonly max: number;
}

export interface Concurrency {
  limit(): number;
  succeed(inFlight: number): void;
  /** `sentAt`: when the attempt that met the overload was sent. */
  overload(sentAt: number, now: number): void;
}

export function createConcurrency({ min, start, max }: ConcurrencyBounds): Concurrency {
  let limit = start;
  let cutAt = Number.NEGATIVE_INFINITY;
  return {
    limit: () => limit,
    succeed(inFlight) {
      if (inFlight >= limit) limit = Math.min(max, limit + 1);
    },
    overload(sentAt, now) {
      if (sentAt <= cutAt) return;
      cutAt = now;
      limit = Math.max(min, Math.floor(limit / 2));
    },
  };
}
