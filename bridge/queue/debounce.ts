/**
 * createDebounce: holds back what can wait for a moment, so that the changes that one reconcile
 * makes lead to one reconcile.
 *
 * A reconcile that opts a Service in writes a Service and a slice for each family. Two watches
 * bring them back at their own times. Without the debounce the first of them would lead to a
 * reconcile that does not know the slice yet. That one would run into our own write, and have to
 * read the state (three LISTs).
 *
 * Guarantees: a key is held once, for `delayMs` from its first concern; what comes meanwhile
 * merges. Only `release` and `close` lose any.
 */

import type { CancelTimer, Clock } from '../clock.ts';
import { type Concern, mergeConcerns } from './concern.ts';

/**
 * Two watches of one API server are seldom further apart, and an announcement can wait this long.
 */
export const DEBOUNCE_MS = 50;

interface Debounce<C> {
  add(concern: C): void;
  /** Forgets what is held of this key: an event with the state as it is now leaves anyway. */
  release(key: string): void;
  close(): void;
}

interface Held<C> {
  readonly concern: C;
  readonly cancel: CancelTimer;
}

export function createDebounce<C extends Concern>(
  clock: Clock,
  onDue: (concern: C) => void,
  delayMs = DEBOUNCE_MS,
): Debounce<C> {
  const held = new Map<string, Held<C>>();

  function hold(concern: C): void {
    const { key } = concern;
    const cancel = clock.setTimer(() => {
      const merged = held.get(key)?.concern;
      held.delete(key);
      if (merged !== undefined) onDue(merged);
    }, delayMs);
    held.set(key, { concern, cancel });
  }

  return {
    add(concern) {
      const before = held.get(concern.key);
      if (before === undefined) hold(concern);
      else held.set(concern.key, { ...before, concern: mergeConcerns(before.concern, concern) });
    },
    release(key) {
      held.get(key)?.cancel();
      held.delete(key);
    },
    close() {
      for (const { cancel } of held.values()) cancel();
      held.clear();
    },
  };
}
