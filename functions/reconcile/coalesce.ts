/**
 * Coalesces hints: on one key, one read in flight and one waiting, however many ask. docs/trust.md
 *
 * A hint says no more than "reconcile this Service". The next read, which starts after they asked,
 * serves all that ask while one is in flight. A foreign source does not resync: refusing by rate
 * would lose its last word.
 *
 * Guarantees: shared work is aborted only when every caller that waits for it has gone. BUSY beyond
 * the bound of keys.
 */

import { ZenLeadError } from '../../lib/errors.ts';

export interface Coalescer<T> {
  /** Rejects with ABORTED as soon as `signal` says so, whatever the shared work does. */
  run(key: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
}

interface Run<T> {
  readonly promise: Promise<T>;
  readonly stop: AbortController;
  waiters: number;
}

interface Slot<T> {
  current: Run<T>;
  next: Run<T> | null;
}

/** When full: one read ends within a second or so. */
const BUSY_RETRY_MS = 1_000;

export function createCoalescer<T>(maxKeys: number): Coalescer<T> {
  const slots = new Map<string, Slot<T>>();

  function startRun(work: (signal: AbortSignal) => Promise<T>, after: Promise<unknown> | null): Run<T> {
    const stop = new AbortController();
    const start = () => (stop.signal.aborted ? Promise.reject(aborted()) : work(stop.signal));
    const promise = after === null ? start() : after.then(start, start);
    promise.catch(() => undefined); // every waiter gets it, and there may be none left
    return { promise, stop, waiters: 0 };
  }

  /** The next one takes the place of the one that has ended; without a next one the key is free. */
  function onEnd(key: string, slot: Slot<T>): void {
    if (slot.next === null) {
      slots.delete(key);
      return;
    }
    slot.current = slot.next;
    slot.next = null;
    watchEnd(key, slot);
  }

  function watchEnd(key: string, slot: Slot<T>): void {
    const end = () => onEnd(key, slot);
    slot.current.promise.then(end, end);
  }

  function join(key: string, work: (signal: AbortSignal) => Promise<T>): Run<T> {
    const slot = slots.get(key);
    if (slot !== undefined) {
      if (slot.next === null || slot.next.stop.signal.aborted) slot.next = startRun(work, slot.current.promise);
      return slot.next;
    }
    if (slots.size >= maxKeys)
      throw new ZenLeadError('BUSY', `hints on ${maxKeys} Services are being read already; try again`, {
        retry: 'later',
        retryAfterMs: BUSY_RETRY_MS,
      });
    const fresh = { current: startRun(work, null), next: null };
    slots.set(key, fresh);
    watchEnd(key, fresh);
    return fresh.current;
  }

  return {
    async run(key, work, signal) {
      if (signal.aborted) throw aborted();
      const run = join(key, work);
      run.waiters += 1;
      const leave = Promise.withResolvers<never>();
      const onAbort = () => {
        leave.reject(aborted());
        if (--run.waiters === 0) run.stop.abort();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await Promise.race([run.promise, leave.promise]);
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}

function aborted(): ZenLeadError {
  return new ZenLeadError('ABORTED', 'given up: the caller has gone', { retry: 'never' });
}
