/**
 * startWatches: a reflector for each kind of object, in each namespace or in the whole cluster.
 *
 * Guarantees: `onSettled` comes after all changes of one watch line or LIST, `onSynced` once, after
 * the last of the first LISTs.
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Readiness } from '../../lib/telemetry/probes.ts';
import type { Clock } from '../clock.ts';
import { describeWatches, type WatchState } from './readiness.ts';
import type { Reflector } from './reflector.ts';
import type { ReflectorTuning } from './reflectorTuning.ts';
import type { WatchedKind } from './watchedKind.ts';

interface WatchesOptions<Change> {
  readonly kinds: readonly WatchedKind<Change>[];
  readonly api: KubeApi;
  /** Empty means the whole cluster. */
  readonly namespaces: readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tuning?: Partial<ReflectorTuning> | undefined;
  onChange(change: Change): void;
  /** Act on the state here: between two changes of one LIST it is half old, half new. */
  onSettled(): void;
  /** Once, when every list is in. */
  onSynced(): void;
}

export interface Watches {
  /** What the watch of this kind in this namespace has delivered; null before the first LIST. */
  revision(kind: string, namespace: string): string | null;
  /**
   * The store holds what the API server had a moment ago. False also after this process stood still
   * (watchTrust.ts).
   */
  isFresh(namespace: string): boolean;
  readiness(now: number): Readiness;
  /** How many objects of each kind cannot be read at present. */
  unreadable(): ReadonlyMap<string, number>;
  /** Seconds since each kind of watch was last heard, the longest of all namespaces. */
  staleness(now: number): ReadonlyMap<string, number>;
  close(): Promise<void>;
}

interface Watch extends WatchState, Omit<Reflector, keyof WatchState> {
  readonly kind: string;
}

export function startWatches<Change>(options: WatchesOptions<Change>): Watches {
  const { kinds, api, clock, random, log, metrics, tuning } = options;
  const namespaces = options.namespaces.length === 0 ? [undefined] : [...new Set(options.namespaces)];
  let isAnnounced = false;

  function announceOnceSynced(): void {
    if (isAnnounced || !all.every((watch) => watch.isSynced())) return;
    isAnnounced = true;
    options.onSynced();
  }

  function start(kind: WatchedKind<Change>, namespace: string | undefined): Watch {
    const run = { api, clock, random, log, metrics, namespace, ...(tuning !== undefined && { tuning }) };
    const callbacks = { onRevision: options.onSettled, onSynced: announceOnceSynced };
    const reflector = kind.start({ ...run, ...callbacks }, options.onChange);
    return { ...reflector, kind: kind.kind, name: `${kind.kind}${namespace === undefined ? '' : ` in ${namespace}`}` };
  }

  // A list never completes in the tick that starts it, so every watch is known when the first one
  // is synced.
  const scopes = new Map(namespaces.map((namespace) => [namespace, kinds.map((kind) => start(kind, namespace))]));
  const all = [...scopes.values()].flat();

  /** The only scope there is, where the whole cluster is watched. */
  const scopeOf = (namespace: string): readonly Watch[] | undefined => scopes.get(namespace) ?? scopes.get(undefined);

  return {
    revision: (kind, namespace) =>
      scopeOf(namespace)
        ?.find((watch) => watch.kind === kind)
        ?.revision() ?? null,
    isFresh(namespace) {
      const scope = scopeOf(namespace);
      return scope !== undefined && !scope.some((watch) => watch.isStale());
    },
    readiness: (now) => describeWatches(all, now),
    unreadable() {
      const counts = new Map<string, number>();
      for (const { kind, unreadable } of all) counts.set(kind, (counts.get(kind) ?? 0) + unreadable().size);
      return counts;
    },
    staleness(now) {
      const longest = new Map<string, number>();
      for (const { kind, lastHeardAt } of all)
        longest.set(kind, Math.max(longest.get(kind) ?? 0, (now - lastHeardAt()) / 1_000));
      return longest;
    },
    async close() {
      await Promise.all(all.map((watch) => watch.close()));
    },
  };
}
