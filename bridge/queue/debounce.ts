/**
 * createDebounce: holds back what can wait for a moment, so that the changes that one reconcile
 * makes lead to one reconcile.
 *
 * A reconcile that opts a Service in writes a Service and a slice for each family. Two watches
 * bring them back at their own times. Without the debounce the first of them would lead to a
 * reconcile that does not know the slice yet. That one would run into our own write, and have to
 * read the state (three LISTs).
 *
 * Guarantees: a key is held once, for `DEBOUNCE_MS` from its first concern; what comes meanwhile
 * merges. Only `close` loses any.
 */

import type { CancelTimer, Clock } from '../clock.ts';
import { type Concern, mergeConcerns } from './concern.ts';

/**
 * Two watches of one API server are seldom further apart, and an announcement can wait this long.
 */
const DEBOUNCE_MS = 50;

interface Debounce<C> {
  add(concern: C): void;
  close(): void;
}

export function createDebounce<C extends Concern>(clock: Clock, onDue: (concern: C) => void): Debounce<C> {
  const held = new Map<string, C>();
  const timers = new Set<CancelTimer>();

  function hold(concern: C): void {
    held.set(concern.key, concern);
    const cancel = clock.setTimer(() => {
      timers.delete(cancel);
      const merged = held.get(concern.key);
      held.delete(concern.key);
      if (merged !== undefined) onDue(merged);
    }, DEBOUNCE_MS);
    timers.add(cancel);
  }

  return {
    add(concern) {
      const before = held.get(concern.key);
      if (before === undefined) hold(concern);
      else held.set(concern.key, mergeConcerns(before, concern));
    },
    close() {
      for (const cancel of timers) cancel();
      timers.clear();
      held.clear();
    },
  };
}
