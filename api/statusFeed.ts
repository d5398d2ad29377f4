/**
 * Computes the status of every Service that the bridge watches, and reports changes as they come.
 *
 * Guarantees: a status is computed on request, or when something happened to its Service and there
 * is a listener. A burst about one Service is reported once.
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
  /** For `onConcern` of `startBridge`. */
  note(source: SourceName): void;
  /** Asks this cluster from now on; until then the feed is empty. */
  follow(cluster: WatchedCluster): void;
  readiness(): Readiness;
  /** Sorted by namespace, then name. */
  list(): readonly LeaderStatus[];
  read(source: SourceName): LeaderStatus | null;
  /** Reports what changes from now on, until the returned function is called. */
  subscribe(listener: (change: StatusChange) => void): () => void;
  close(): void;
}

/**
 * A change of route comes with up to five watch lines within a few milliseconds; people do not see
 * a tenth of a second.
 */
const GATHER_MS = 100;

export function createStatusFeed(now: () => number = Date.now): StatusFeed {
  const listeners = new Set<(change: StatusChange) => void>();
  /** What was reported last, so that only a difference is reported. */
  const reported = new Map<string, string>();
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

  function report(change: StatusChange): void {
    for (const listener of listeners) listener(change);
  }

  function reportNoted(): void {
    timer = null;
    const sources = [...noted];
    noted.clear();
    for (const [key, source] of sources) {
      const status = read(source);
      const text = status === null ? undefined : JSON.stringify(status);
      if (text === reported.get(key)) continue;
      if (status === null) {
        reported.delete(key);
        report({ kind: 'removed', namespace: source.namespace, service: source.name });
      } else {
        reported.set(key, text ?? '');
        report({ kind: 'leader', status });
      }
    }
  }

  return {
    note(source) {
      if (listeners.size === 0) return;
      noted.set(keyOf(source.namespace, source.name), source);
      timer ??= setTimeout(reportNoted, GATHER_MS);
    },
    follow(followed) {
      cluster = followed;
    },
    readiness: () => cluster?.readiness() ?? { ready: false, reasons: ['starting'] },
    list,
    read,
    subscribe(listener) {
      if (listeners.size === 0) {
        reported.clear();
        for (const status of list()) reported.set(keyOf(status.namespace, status.service), JSON.stringify(status));
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
