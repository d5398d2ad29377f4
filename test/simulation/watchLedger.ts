/**
 * WatchLedger: records what one bridge can know from the simulated wire. It has the times of its
 * watches and LISTs, and how long the process stood still.
 *
 * An event with a snapshot is checked against it (S8). The ledger does not read what the bridge
 * assumes about its own watches, so a bridge that assumes too much fails.
 * Does not guarantee that a watch which is open and held back is noticed. A bridge cannot notice it
 * either.
 */

import { trustLimits } from '../../bridge/watch/watchTrust.ts';
import type { Process } from './scheduler.ts';

export interface WatchLedger {
  /** The answer to a watch request has arrived. */
  opened(selection: string): void;
  /** A line of it has been read. */
  heard(selection: string): void;
  /** Its end has been read, or the bridge has given it up. */
  ended(selection: string): void;
  /** A LIST that was asked for at `askedAt` has arrived whole. */
  listed(selection: string, askedAt: number): void;
  /** How many selections of this namespace have been listed; '' where the cluster is watched. */
  size(namespace: string): number;
  /** How long the watch that was cut first has been cut. 0 where each is open. */
  cutForMs(): number;
  /** Why no snapshot of this namespace may leave now. Null when one may. */
  whyStale(namespace: string): string | null;
}

interface Watched {
  isOpen: boolean;
  /** It was opened after so long without a watch that only a line proves it. */
  owesLine: boolean;
  /** When the last LIST arrived or the last watch ended. */
  knownAt: number;
  /** When what the state rests on was asked for. */
  askedAt: number;
}

/** Clocks of processes have whole milliseconds. */
const ROUNDING_MS = 2;
const BLIND_MS = trustLimits.blindMs + ROUNDING_MS;
const FROZEN_MS = trustLimits.tickMs + trustLimits.blindMs + ROUNDING_MS;

export function createWatchLedger(process: Process, now: () => number): WatchLedger {
  const watches = new Map<string, Watched>();
  const change = (selection: string, toChange: (watch: Watched) => Partial<Watched>): void => {
    const watch = watches.get(selection);
    if (watch !== undefined) Object.assign(watch, toChange(watch));
  };

  return {
    opened(selection) {
      change(selection, ({ isOpen, owesLine, knownAt }) => ({
        isOpen: true,
        owesLine: owesLine || (!isOpen && now() - knownAt > BLIND_MS),
        askedAt: now(),
      }));
    },
    heard: (selection) => change(selection, () => ({ owesLine: false })),
    ended: (selection) =>
      change(selection, ({ isOpen, knownAt }) => ({ isOpen: false, knownAt: isOpen ? now() : knownAt })),
    listed(selection, askedAt) {
      const isOpen = watches.get(selection)?.isOpen ?? false;
      watches.set(selection, { isOpen, owesLine: false, knownAt: now(), askedAt });
    },
    size: (namespace) => [...watches.keys()].filter((selection) => selection.startsWith(`${namespace}/`)).length,
    cutForMs: () => Math.max(0, ...[...watches.values()].map(({ isOpen, knownAt }) => (isOpen ? 0 : now() - knownAt))),
    whyStale(namespace) {
      const wokeAt = process.wokeAt(FROZEN_MS);
      for (const [selection, { isOpen, owesLine, knownAt, askedAt }] of watches) {
        if (!selection.startsWith(`${namespace}/`)) continue;
        const blindMs = Math.round(now() - knownAt);
        if (!isOpen && blindMs > BLIND_MS) return `its watch of ${selection} has been cut for ${blindMs} ms`;
        if (owesLine) return `its watch of ${selection} was cut for long and has brought nothing since`;
        if (askedAt < wokeAt) return `it stood still, and has not asked for ${selection} since`;
      }
      return null;
    },
  };
}
