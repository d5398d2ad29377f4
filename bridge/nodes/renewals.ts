/**
 * createRenewals: times the renewals of Leases on the clock of this process.
 *
 * A new resourceVersion is a renewal. What a Lease says about its own time plays no part, because
 * it comes from another machine's clock.
 *
 * Guarantees: pure but for its own state; bounded per Lease.
 * Does not guarantee that a renewal is timed when it happened. It counts from when it was seen.
 */

export interface Renewal {
  /** Monotonic milliseconds. Null where only the Lease itself was seen, and no renewal of it. */
  readonly lastAt: number | null;
  /** The median of the last gaps, in milliseconds. Null while fewer than `MIN_GAPS` are known. */
  readonly medianGapMs: number | null;
}

export interface Renewals {
  /**
   * The Lease of this name exists at that version. `isInterrupted`: since the renewal before, the
   * watch was cut or this process stood still, so how long it took says nothing of the node.
   */
  note(name: string, uid: string, version: string, now: number, isInterrupted?: boolean): void;
  forget(name: string): void;
  of(name: string): Renewal | undefined;
  names(): Iterable<string>;
}

/** Fewer say little about how often the next one comes. */
const MIN_GAPS = 3;
/** A minute and a half of kubelet's default: an outage among them does not move the median. */
const MAX_GAPS = 9;

interface Known {
  uid: string;
  version: string;
  lastAt: number | null;
  gaps: number[];
}

export function createRenewals(): Renewals {
  const leases = new Map<string, Known>();
  return {
    note(name, uid, version, now, isInterrupted = false) {
      const known = leases.get(name);
      if (known?.uid !== uid) {
        leases.set(name, { uid, version, lastAt: null, gaps: [] });
        return;
      }
      if (known.version === version) return;
      known.version = version;
      if (known.lastAt !== null && !isInterrupted) known.gaps = [...known.gaps, now - known.lastAt].slice(-MAX_GAPS);
      known.lastAt = now;
    },
    forget: (name) => void leases.delete(name),
    of(name) {
      const known = leases.get(name);
      return known && { lastAt: known.lastAt, medianGapMs: known.gaps.length < MIN_GAPS ? null : median(known.gaps) };
    },
    names: () => leases.keys(),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
