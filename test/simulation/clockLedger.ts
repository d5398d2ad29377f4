/**
 * ClockLedger: knows what every wall clock has shown, and when. A function compares the deadline of
 * a snapshot with its own wall clock. So how old the snapshot may be follows from the clock of the
 * bridge when it built the snapshot, and from that of the function when it sends the write.
 */

export interface ClockLedger {
  /** A process starts with this clock, or its clock is set. `skewMs`: ahead of the true time. */
  set(name: string, skewMs: number): void;
  /** What the wall clock of this process showed at an instant of the true time. */
  wallAt(name: string, at: number): number;
  /**
   * The earliest instant at which some bridge may have built a snapshot that is in time at `at`, by
   * the clock of this function.
   */
  builtSince(name: string, at: number): number;
  /** By how much this clock was set in all, from one instant to another. */
  setByMs(name: string, from: number, until: number): number;
  /** How far the clocks of functions have ever differed. */
  functionsDifferMs(): number;
}

interface Span {
  readonly from: number;
  readonly skewMs: number;
}

/** docs/reference/events.md */
const SNAPSHOT_LIVES_MS = 3_000;

export function createClockLedger(now: () => number): ClockLedger {
  const spans = new Map<string, Span[]>();
  const spansOf = (name: string): readonly Span[] => spans.get(name) ?? [];
  const skewAt = (name: string, at: number): number => spansOf(name).findLast(({ from }) => from <= at)?.skewMs ?? 0;
  const allOf = (prefix: string): readonly (readonly Span[])[] =>
    [...spans].flatMap(([name, ofProcess]) => (name.startsWith(prefix) ? [ofProcess] : []));

  return {
    set(name, skewMs) {
      spans.set(name, [...spansOf(name), { from: now(), skewMs }]);
    },
    wallAt: (name, at) => at + skewAt(name, at),
    builtSince(name, at) {
      const skewMs = skewAt(name, at);
      const instants = allOf('bridge').flatMap((ofBridge) =>
        ofBridge.flatMap((span, index) => {
          const endsAt = Math.min(at, ofBridge[index + 1]?.from ?? at);
          const since = Math.max(span.from, at - SNAPSHOT_LIVES_MS - (span.skewMs - skewMs));
          return since <= endsAt ? [since] : [];
        }),
      );
      return Math.min(at, ...instants);
    },
    setByMs(name, from, until) {
      const ofProcess = spansOf(name);
      return ofProcess.reduce((sum, span, index) => {
        const before = ofProcess[index - 1];
        const isWithin = before !== undefined && span.from >= from && span.from <= until;
        return isWithin ? sum + Math.abs(span.skewMs - before.skewMs) : sum;
      }, 0);
    },
    functionsDifferMs() {
      const skews = allOf('function').flatMap((ofProcess) => ofProcess.map(({ skewMs }) => skewMs));
      return skews.length === 0 ? 0 : Math.max(...skews) - Math.min(...skews);
    },
  };
}
