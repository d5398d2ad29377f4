/**
 * createLockBook: a keeper for each lock that clients ask this replica for, and what the watch has
 * delivered of all locks.
 *
 * Guarantees: keepers, remembered tokens and waiting clients are bounded. A keeper that is dropped
 * leaves its greatest token behind.
 */

import type { Clock } from '../../bridge/clock.ts';
import { currentGrant, type LockState } from '../../lib/lock/lockState.ts';
import type { LockView } from '../../lib/lock/parseLock.ts';
import { serviceKey } from '../../lib/selection/snapshot.ts';
import type { LeaseStore, LockName } from './leaseStore.ts';
import { createLockKeeper, type LockKeeper, type LockMetrics } from './lockKeeper.ts';
import { type LockStatus, toLockStatus } from './lockSchemas.ts';

export interface LockBook {
  keeper(lock: LockName): LockKeeper;
  /** What the watch has delivered; null where the Lease is gone. */
  observe(view: LockView | null, gone: LockView | undefined): void;
  /** Calls back after each change of this lock, until the returned function is called. */
  subscribe(lock: LockName, onChange: (state: LockState | null) => void): () => void;
  /** Locks that are held or waited for, by the views of the watch, the longest queues first. */
  list(limit: number): readonly LockStatus[];
  /** By the views of the watch, of the whole scope. */
  counts(): { readonly held: number; readonly longestQueue: number };
  close(): void;
}

interface BookOptions {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly maxSkewMs: number;
  readonly metrics: LockMetrics;
}

/** Some 2 KB each. */
const MAX_KEEPERS = 10_000;
/** Some 100 B each. */
const MAX_TOKENS = 100_000;

export function createLockBook(options: BookOptions): LockBook {
  const { clock, maxSkewMs } = options;
  const keepers = new Map<string, LockKeeper>();
  const views = new Map<string, LockView>();
  const tokens = new Map<string, number>();
  const listeners = new Map<string, Set<(state: LockState | null) => void>>();

  function remember(key: string, token: number): void {
    const known = Math.max(token, tokens.get(key) ?? 0);
    tokens.delete(key);
    tokens.set(key, known);
    for (const [oldest] of tokens) {
      if (tokens.size <= MAX_TOKENS) return;
      tokens.delete(oldest);
    }
  }

  function makeRoom(): void {
    for (const [key, keeper] of keepers) {
      if (keepers.size < MAX_KEEPERS) return;
      if (keeper.isBusy()) continue;
      remember(key, keeper.token());
      keeper.close();
      keepers.delete(key);
    }
  }

  return {
    keeper(lock) {
      const key = serviceKey(lock.namespace, lock.name);
      const known = keepers.get(key);
      if (known !== undefined) return known;
      makeRoom();
      const keeper = createLockKeeper(lock, options, tokens.get(key));
      keepers.set(key, keeper);
      const view = views.get(key);
      if (view !== undefined) keeper.observe(view, view.uid);
      return keeper;
    },
    observe(view, gone) {
      const { namespace, lock, uid, state } = view ?? gone ?? {};
      if (namespace === undefined || lock === undefined || uid === undefined || state === undefined) return;
      const key = serviceKey(namespace, lock);
      if (view === null) views.delete(key);
      else views.set(key, view);
      remember(key, state.token);
      keepers.get(key)?.observe(view, uid);
      for (const onChange of listeners.get(key) ?? []) onChange(view?.state ?? null);
    },
    subscribe({ namespace, name }, onChange) {
      const key = serviceKey(namespace, name);
      const all = listeners.get(key) ?? new Set();
      listeners.set(key, all.add(onChange));
      return () => {
        all.delete(onChange);
        if (all.size === 0 && listeners.get(key) === all) listeners.delete(key);
      };
    },
    list(limit) {
      const wanted = [...views.values()].filter(
        ({ state }) => state.queue.length > 0 || currentGrant(state, clock.now(), maxSkewMs) !== null,
      );
      return wanted
        .toSorted((a, b) => b.state.queue.length - a.state.queue.length || (a.name < b.name ? -1 : 1))
        .slice(0, limit)
        .map(({ namespace, lock, state }) => toLockStatus({ namespace, name: lock }, state, clock.now(), maxSkewMs));
    },
    counts() {
      const states = [...views.values()].map(({ state }) => state);
      return {
        held: states.filter((state) => currentGrant(state, clock.now(), maxSkewMs) !== null).length,
        longestQueue: states.reduce((longest, { queue }) => Math.max(longest, queue.length), 0),
      };
    },
    close() {
      for (const keeper of keepers.values()) keeper.close();
    },
  };
}
