/**
 * WatchTrust: decides by time alone whether a reflector's store can be decided on (S8: a watch that
 * has gone stale stops decisions).
 *
 * Trust is lost when nothing was heard for `silentMs`, and when the watch has been cut for
 * `blindMs`. It is also lost when our own clock jumped by more than `blindMs` (a frozen process
 * knows nothing of what happened meanwhile). It comes back with the next line, bookmark or LIST. A
 * connection that is accepted and stays quiet proves nothing. The API server accepts a watch from a
 * future version and stays silent on it (tried on 1.35.4). The reflector asks for the version, and
 * `refuted` takes the answer. Where no line comes within `proofMs`, the verdict is to list again.
 * The first line of a replay is the oldest of it: trust comes back `replayMs` after it, unless the
 * watch was cut before. What had arrived before a freeze, or was asked for before it, proves
 * nothing either. The verdict is then a new watch from the same version, and a LIST counts only
 * when it was asked for after the doubt.
 *
 * Guarantees: pure but for its own state. `now` is passed in, from a clock that never goes back:
 * set back an hour, the wall clock would hide an hour of silence. Right also before the tick that
 * follows a freeze.
 */

export interface TrustLimits {
  /**
   * 90 s: the API server sends a bookmark about every minute (KEP-956), so this is one bookmark
   * missed and a half.
   */
  readonly silentMs: number;
  /**
   * 3 s: as long as a snapshot may be decided on (S4). Older than that it would be a hint anyway.
   */
  readonly blindMs: number;
  /** 1 s: what piled up while we were away is there within one round trip. */
  readonly proofMs: number;
  /** 100 ms: what the server replays follows its first line within a round trip. */
  readonly replayMs: number;
  /**
   * 1 s: how often `tick` comes; well under `blindMs`, so that a busy event loop is not taken for a
   * freeze.
   */
  readonly tickMs: number;
}

export const trustLimits: TrustLimits = {
  silentMs: 90_000,
  blindMs: 3_000,
  proofMs: 1_000,
  replayMs: 100,
  tickMs: 1_000,
};

type TrustVerdict = 'fine' | 'silent' | 'unproven' | 'frozen';

export interface WatchTrust {
  /** A line or a bookmark has arrived. */
  heard(now: number): void;
  /** A LIST that was asked for at `askedAt` is complete. */
  listed(askedAt: number, now: number): void;
  opened(now: number): void;
  cut(now: number): void;
  /** What is known is of another history: the server is behind it. Only a LIST heals that. */
  refuted(now: number): void;
  tick(now: number): TrustVerdict;
  isStale(now: number): boolean;
  /** On the clock of `now`. */
  lastHeardAt(): number;
  /**
   * When no watch was open, the last time, on the clock of `now`; until now where none is. Two
   * within `SAME_OUTAGE_MS` are one.
   */
  lastGap(now: number): Gap;
}

/** Who waits to try again after one outage may meet the next one, and waits as after both. */
const SAME_OUTAGE_MS = 8_000;

/** On the clock of `now`. */
export interface Gap {
  readonly from: number;
  readonly until: number;
}

export function createWatchTrust(limits: TrustLimits, startedAt: number): WatchTrust {
  let lastHeardAt = startedAt;
  let lastTickAt = startedAt;
  /** As `cutAt`, and a LIST changes nothing of it. */
  let awaySince: number | null = startedAt;
  let lastGap: Gap = { from: startedAt, until: startedAt };
  /** Null while a watch is open. */
  let cutAt: number | null = startedAt;
  /** Since when an open watch owes us a line; null when it does not. */
  let doubtedAt: number | null = null;
  /** When the first line came after that; null when none has. */
  let provenAt: number | null = null;

  const hasJumped = (now: number) => now - lastTickAt > limits.tickMs + limits.blindMs;
  const isDoubted = (now: number) => doubtedAt !== null && (provenAt === null || now - provenAt < limits.replayMs);
  const doubt = (at: number | null) => {
    doubtedAt = at;
    provenAt = null;
  };

  return {
    heard(now) {
      lastHeardAt = now;
      if (doubtedAt !== null) provenAt ??= now;
    },
    listed(askedAt, now) {
      lastHeardAt = now;
      // No watch is open yet: blindness counts from here.
      if (cutAt !== null) cutAt = now;
      if (doubtedAt !== null && doubtedAt <= askedAt) doubt(null);
    },
    opened(now) {
      if (isDoubted(now) || (cutAt !== null && now - cutAt > limits.blindMs)) doubt(now);
      cutAt = null;
      lastGap = { from: awaySince ?? now, until: now };
      awaySince = null;
    },
    cut(now) {
      cutAt ??= now;
      awaySince ??= now - lastGap.until < SAME_OUTAGE_MS ? lastGap.from : now;
      // The server may not have replayed everything.
      if (isDoubted(now)) provenAt = null;
    },
    refuted: doubt,
    tick(now) {
      const wasFrozen = hasJumped(now);
      if (wasFrozen) doubt(now);
      lastTickAt = now;
      if (now - lastHeardAt > limits.silentMs) return 'silent';
      if (wasFrozen) return 'frozen';
      const isUnproven = doubtedAt !== null && provenAt === null && cutAt === null;
      return isUnproven && now - (doubtedAt ?? now) > limits.proofMs ? 'unproven' : 'fine';
    },
    isStale: (now) =>
      isDoubted(now) ||
      hasJumped(now) ||
      now - lastHeardAt > limits.silentMs ||
      (cutAt !== null && now - cutAt > limits.blindMs),
    lastHeardAt: () => lastHeardAt,
    lastGap: (now) => (awaySince === null ? lastGap : { from: awaySince, until: now }),
  };
}
