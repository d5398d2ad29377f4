/**
 * createSourceFeed: computes what is shown of every source that a bridge watches, and reports
 * changes as they come.
 *
 * Guarantees: a status is computed on request, or when something happened to its source and there
 * is a listener. `texts` computes again only what something happened to, however many ask, and lets
 * the event loop turn meanwhile. A burst about one source is reported once.
 */

import type { Readiness } from '../lib/telemetry/probes.ts';
import { createTurns } from '../lib/telemetry/turns.ts';

export interface SourceName {
  readonly namespace: string;
  readonly name: string;
}

/** What the feed asks of the process that watches the cluster. */
export interface WatchedSources {
  /** Every source to show. */
  sources(): readonly SourceName[];
  readiness(): Readiness;
}

export interface SourceFeed<Cluster, Status, Change> {
  /** For `onConcern` of the bridge. */
  note(source: SourceName): void;
  /** Asks this cluster from now on; until then the feed is empty. */
  follow(cluster: Cluster): void;
  readiness(): Readiness;
  /**
   * Every status, sorted by namespace, then name. It blocks the event loop meanwhile, so it is for
   * a program that does nothing else. To the listeners, what it returns counts as reported.
   */
  list(): readonly Status[];
  /** The same as JSON, in portions. For servers: it holds up nothing for longer than a portion. */
  texts(): AsyncGenerator<readonly string[], void, void>;
  read(source: SourceName): Status | null;
  /**
   * Reports what changes from now on, until the returned function is called. A reader that wants
   * the state too asks for it after this, so that it misses no change.
   */
  subscribe(listener: (change: Change) => void): () => void;
  close(): void;
}

/** What one kind of source adds. */
export interface SourceKind<Cluster, Status, Change> {
  /** Null for what is no source any more. */
  read(cluster: Cluster, source: SourceName, now: number): Status | null;
  /** Epoch milliseconds at which time alone changes it; null where nothing waits for a time. */
  changesAt(status: Status): number | null;
  toChange(status: Status): Change;
  toRemoved(source: SourceName): Change;
}

/**
 * A change of route comes with up to five watch lines within a few milliseconds; people do not see
 * a tenth of a second.
 */
const GATHER_MS = 100;
/** A status is computed again after this, should an event about it have been missed. */
const MAX_AGE_MS = 60_000;

interface Computed {
  readonly text: string;
  readonly isFreshUntil: number;
}

export function createSourceFeed<Cluster extends WatchedSources, Status extends object, Change>(
  kind: SourceKind<Cluster, Status, Change>,
  now: () => number = Date.now,
): SourceFeed<Cluster, Status, Change> {
  const listeners = new Set<(change: Change) => void>();
  /** What the listeners know of each source, so that only a difference is reported. */
  const reported = new Map<string, string>();
  /** Forgotten as soon as something happens to the source. */
  const computed = new Map<string, Computed>();
  const noted = new Map<string, SourceName>();
  let cluster: Cluster | null = null;
  let timer: NodeJS.Timeout | null = null;

  function read(source: SourceName): Status | null {
    return cluster === null ? null : kind.read(cluster, source, now());
  }

  function sortedSources(): readonly SourceName[] {
    const sources = cluster === null ? [] : cluster.sources();
    const keyed = sources.map((source) => ({ source, key: keyOf(source.namespace, source.name) }));
    return keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ source }) => source);
  }

  function list(): readonly Status[] {
    return sortedSources().flatMap((source) => {
      const status = read(source);
      if (status === null) return [];
      remember(keyOf(source.namespace, source.name), JSON.stringify(status));
      return [status];
    });
  }

  async function* texts(): AsyncGenerator<readonly string[], void, void> {
    const turns = createTurns();
    let portion: string[] = [];
    for (const source of sortedSources()) {
      const key = keyOf(source.namespace, source.name);
      const known = computed.get(key);
      const isFresh = known !== undefined && now() < known.isFreshUntil;
      const text = isFresh ? known.text : computeText(key, source);
      if (text === null) continue;
      remember(key, text);
      portion.push(text);
      if (!turns.isDue()) continue;
      yield portion;
      portion = [];
      await turns.take();
    }
    yield portion;
  }

  /** Null for what is no source any more. */
  function computeText(key: string, source: SourceName): string | null {
    const status = read(source);
    if (status === null) return null;
    const text = JSON.stringify(status);
    const isFreshUntil = Math.min(now() + MAX_AGE_MS, kind.changesAt(status) ?? Number.POSITIVE_INFINITY);
    computed.set(key, { text, isFreshUntil });
    return text;
  }

  /** A reader of the whole state knows this now, so an equal one is no change. */
  function remember(key: string, text: string): void {
    if (listeners.size > 0 && !reported.has(key)) reported.set(key, text);
  }

  function report(change: Change): void {
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
        report(kind.toRemoved(source));
      } else {
        reported.set(key, text ?? '');
        report(kind.toChange(status));
      }
    }
  }

  return {
    note(source) {
      const key = keyOf(source.namespace, source.name);
      computed.delete(key);
      if (listeners.size === 0) return;
      noted.set(key, source);
      timer ??= setTimeout(reportNoted, GATHER_MS);
    },
    follow(followed) {
      cluster = followed;
    },
    readiness: () => cluster?.readiness() ?? { ready: false, reasons: ['starting'] },
    list,
    texts,
    read,
    subscribe(listener) {
      if (listeners.size === 0) reported.clear();
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
  return `${namespace}/${name}`;
}
