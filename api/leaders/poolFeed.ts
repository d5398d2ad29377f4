/**
 * createPoolFeed: answers for one pool at a time, and tells its subscribers what changes.
 *
 * Guarantees: a pool is computed once for all readers, and again only when something happened to
 * it or time may have changed it. Subscribers are indexed by pool, so a change costs what its own
 * subscribers cost. A view that cannot be relied on is no answer, and they hear of it within 1 s.
 */

import { type Snapshot, serviceKey } from '../../lib/selection/snapshot.ts';
import type { SourceName } from '../statusFeed.ts';
import { type PoolView, toLeaderPools } from './leaderPool.ts';

/** What the feed asks of the process that watches the cluster. */
export interface PoolCluster {
  sources(): readonly SourceName[];
  isSource(source: SourceName): boolean;
  isFresh(namespace: string): boolean;
  snapshotOf(source: SourceName): Snapshot;
}

export interface PoolAnswer extends PoolView {
  readonly kind: 'found';
  readonly text: string;
}

export type PoolReading =
  | PoolAnswer
  /** `elections`: those that the Service has instead; empty where it is not annotated. */
  | { readonly kind: 'unknown'; readonly elections: readonly string[] }
  | { readonly kind: 'stale' };

export interface PoolName extends SourceName {
  /** Empty where the Service names none. */
  readonly election: string;
}

export interface PoolFeed {
  /** Asks this cluster from now on; until then every pool is stale. */
  follow(cluster: PoolCluster): void;
  /** Something may have changed about this source. */
  note(source: SourceName): void;
  read(pool: PoolName): PoolReading;
  /** Each pool of a source, in the order of its elections; null where it is no source, or stale. */
  readAll(source: SourceName): readonly PoolAnswer[] | null;
  /** Sorted by namespace, then by name; '' for all. Null where a watch cannot be relied on. */
  sources(namespace: string): readonly SourceName[] | null;
  /** Calls back after each change, until the returned function is called. */
  subscribe(source: SourceName, onChange: () => void): () => void;
  subscribers(): number;
}

/** How soon subscribers hear that a watch went stale, or can be relied on again. */
const LOOK_EVERY_MS = 1_000;
/** A pool is computed again after this, should an event about it have been missed. */
const MAX_AGE_MS = 60_000;

interface Computed {
  /** By the name of the election. */
  readonly answers: ReadonlyMap<string, PoolAnswer>;
  readonly isFreshUntil: number;
}

export function createPoolFeed(now: () => number = Date.now): PoolFeed {
  const subscribers = new Map<string, Set<() => void>>();
  const computed = new Map<string, Computed>();
  const noted = new Set<string>();
  /** Of the namespaces that have had subscribers since there were none. */
  const freshness = new Map<string, boolean>();
  let timer: NodeJS.Timeout | undefined;
  let cluster: PoolCluster | null = null;
  let count = 0;

  function compute(key: string, source: SourceName, from: PoolCluster): Computed['answers'] {
    const known = computed.get(key);
    if (known !== undefined && now() < known.isFreshUntil) return known.answers;
    const views = [...toLeaderPools(from.snapshotOf(source), now())];
    const answers = new Map(
      views.map(([election, view]): [string, PoolAnswer] => [
        election,
        { kind: 'found', text: JSON.stringify(view.pool), ...view },
      ]),
    );
    const isFreshUntil = Math.min(now() + MAX_AGE_MS, ...views.flatMap(([, { nextLookAt }]) => nextLookAt ?? []));
    computed.set(key, { answers, isFreshUntil });
    return answers;
  }

  /** Null where the view cannot be relied on; empty where the Service is no source. */
  function answersOf(source: SourceName): Computed['answers'] | null {
    const { namespace, name } = source;
    if (cluster === null || !cluster.isFresh(namespace)) return null;
    const key = serviceKey(namespace, name);
    if (cluster.isSource(source)) return compute(key, source, cluster);
    computed.delete(key);
    return new Map();
  }

  /** No event says that a watch went silent. */
  function lookAtFreshness(): void {
    for (const [namespace, was] of freshness) {
      const isFresh = cluster?.isFresh(namespace) === true;
      if (isFresh === was) continue;
      freshness.set(namespace, isFresh);
      for (const [key, all] of subscribers) if (namespaceOf(key) === namespace) for (const onChange of all) onChange();
    }
  }

  /** The lines of one change come in one tick, and are told as one. */
  function tell(): void {
    const keys = [...noted];
    noted.clear();
    for (const key of keys) for (const onChange of subscribers.get(key) ?? []) onChange();
  }

  return {
    follow(followed) {
      cluster = followed;
    },
    note({ namespace, name }) {
      const key = serviceKey(namespace, name);
      computed.delete(key);
      if (!subscribers.has(key)) return;
      if (noted.size === 0) setImmediate(tell);
      noted.add(key);
    },
    read({ namespace, name, election }) {
      const answers = answersOf({ namespace, name });
      if (answers === null) return { kind: 'stale' };
      return answers.get(election) ?? { kind: 'unknown', elections: [...answers.keys()] };
    },
    readAll(source) {
      const answers = answersOf(source);
      return answers === null ? null : [...answers.values()];
    },
    sources(namespace) {
      if (cluster === null || (namespace !== '' && !cluster.isFresh(namespace))) return null;
      const all = cluster.sources().filter((source) => namespace === '' || source.namespace === namespace);
      const known = cluster;
      if (!all.every((source) => known.isFresh(source.namespace))) return null;
      const keyed = all.map((source) => ({ source, key: `${source.namespace}/${source.name}` }));
      return keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ source }) => source);
    },
    subscribe({ namespace, name }, onChange) {
      const key = serviceKey(namespace, name);
      const all = subscribers.get(key) ?? new Set();
      subscribers.set(key, all.add(onChange));
      count += 1;
      if (!freshness.has(namespace)) freshness.set(namespace, cluster?.isFresh(namespace) === true);
      timer ??= setInterval(lookAtFreshness, LOOK_EVERY_MS).unref();
      return () => {
        if (!all.delete(onChange)) return;
        count -= 1;
        if (all.size === 0 && subscribers.get(key) === all) subscribers.delete(key);
        if (count > 0) return;
        clearInterval(timer);
        timer = undefined;
        freshness.clear();
      };
    },
    subscribers: () => count,
  };
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}
