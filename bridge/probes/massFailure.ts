/**
 * createMassFailureGuard: notices that so many leaders fail at once that the prober itself is more
 * likely cut off. S11.
 *
 * Guarantees: no timer but while verdicts are suspended.
 * Does not guarantee anything for fewer than ten leaders: two of three may well fail together.
 */

import type { CancelTimer, Clock } from '../clock.ts';
import type { Verdict } from './standing.ts';

export interface MassFailureGuard {
  /** The verdict about the leader of a group; null where it has none, or there is no leader. */
  note(key: string, verdict: Verdict | null): void;
  isSuspended(): boolean;
  close(): void;
}

/** Half of ten Services do not break in the same two seconds; a switch or a policy does that. */
const MIN_LEADERS = 10;
const WINDOW_MS = 2_000;

export function createMassFailureGuard(clock: Clock, onChange: (isSuspended: boolean) => void): MassFailureGuard {
  const verdicts = new Map<string, Verdict>();
  /** When the leader of a group last turned failing, the oldest first. */
  const turnedAt = new Map<string, number>();
  let failing = 0;
  let isSuspended = false;
  let cancel: CancelTimer = () => {};

  function forget(): void {
    const from = clock.monotonic() - WINDOW_MS;
    for (const [key, at] of turnedAt) {
      if (at > from) return;
      turnedAt.delete(key);
    }
  }

  function review(): void {
    forget();
    const half = verdicts.size / 2;
    const isMass = turnedAt.size > half || failing > half;
    const next = isSuspended ? isMass : verdicts.size >= MIN_LEADERS && turnedAt.size > half;
    cancel();
    // Time alone ends the window.
    if (next && turnedAt.size > 0) cancel = clock.setTimer(review, WINDOW_MS);
    if (next === isSuspended) return;
    isSuspended = next;
    onChange(next);
  }

  return {
    note(key, verdict) {
      const before = verdicts.get(key) ?? null;
      if (before === verdict) return;
      failing += (verdict === 'failing' ? 1 : 0) - (before === 'failing' ? 1 : 0);
      if (verdict === null) verdicts.delete(key);
      else verdicts.set(key, verdict);
      if (verdict === 'failing') {
        turnedAt.delete(key);
        turnedAt.set(key, clock.monotonic());
      }
      review();
    },
    isSuspended: () => isSuspended,
    close: () => cancel(),
  };
}
