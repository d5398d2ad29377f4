/**
 * createStatusFeed: the status of every Service that the bridge looks at, and the changes as they come. Behind the status API and
 * `zen-lead status --watch`.
 *
 * Guarantees: a status is computed when it is asked for, or when something happened to its Service and somebody listens: nothing is
 * computed for nobody. A burst about one Service is told once.
 */

import { type Snapshot, serviceKey } from '../lib/selection/snapshot.ts';
import type { Readiness } from '../lib/telemetry/probes.ts';
import { type LeaderStatus, toLeaderStatus } from './leaderStatus.ts';

export interface SourceName {
  readonly namespace: string;
  readonly name: string;
}

/** What the feed asks of the process that watches the cluster: `startBridge` returns one. */
export interface WatchedCluster {
  /** Every Service to show. */
  sources(): readonly SourceName[];
  isSource(source: SourceName): boolean;
  snapshotOf(source: SourceName): Snapshot;
  readiness(): Readiness;
}

export type StatusChange =
  | { readonly kind: 'leader'; readonly status: LeaderStatus }
  | { readonly kind: 'removed'; readonly namespace: string; readonly service: string };

export interface StatusFeed {
  /** What `startBridge` calls as `onConcern`. */
  note(source: SourceName): void;
  /** From now on this one is asked; before that there is nothing to tell. */
  follow(cluster: WatchedCluster): void;
  readiness(): Readiness;
  /** Sorted by namespace, then name. */
  list(): readonly LeaderStatus[];
  read(source: SourceName): LeaderStatus | null;
  /** Tells what changes from now on. Returns the way to end it. */
  subscribe(listener: (change: StatusChange) => void): () => void;
  close(): void;
}

/** A change of route comes with up to five watch lines within a few milliseconds; people do not see a tenth of a second. */
const GATHER_MS = 100;

export function createStatusFeed(now: () => number = Date.now): StatusFeed {
  const listeners = new Set<(change: StatusChange) => void>();
  /** What was told last, to tell only what differs. */
  const told = new Map<string, string>();
  const noted = new Map<string, SourceName>();
  let cluster: WatchedCluster | null = null;
  let timer: NodeJS.Timeout | null = null;

  function read(source: SourceName): LeaderStatus | null {
    if (cluster === null || !cluster.isSource(source)) return null;
    return toLeaderStatus(cluster.snapshotOf(source), now());
  }

  function list(): readonly LeaderStatus[] {
    const sources = cluster === null ? [] : cluster.sources();
    return sources
      .flatMap((source) => read(source) ?? [])
      .toSorted((a, b) => (keyOf(a.namespace, a.service) < keyOf(b.namespace, b.service) ? -1 : 1));
  }

  function tell(change: StatusChange): void {
    for (const listener of listeners) listener(change);
  }

  function tellNoted(): void {
    timer = null;
    const sources = [...noted];
    noted.clear();
    for (const [key, source] of sources) {
      const status = read(source);
      const text = status === null ? undefined : JSON.stringify(status);
      if (text === told.get(key)) continue;
      if (status === null) {
        told.delete(key);
        tell({ kind: 'removed', namespace: source.namespace, service: source.name });
      } else {
        told.set(key, text ?? '');
        tell({ kind: 'leader', status });
      }
    }
  }

  return {
    note(source) {
      if (listeners.size === 0) return;
      noted.set(keyOf(source.namespace, source.name), source);
      timer ??= setTimeout(tellNoted, GATHER_MS);
    },
    follow(followed) {
      cluster = followed;
    },
    readiness: () => cluster?.readiness() ?? { ready: false, reasons: ['starting'] },
    list,
    read,
    subscribe(listener) {
      if (listeners.size === 0) {
        told.clear();
        for (const status of list()) told.set(keyOf(status.namespace, status.service), JSON.stringify(status));
      }
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      if (timer !== null) clearTimeout(timer);
      listeners.clear();
    },
  };
}

function keyOf(namespace: string, name: string): string {
  return serviceKey(namespace, name);
}
