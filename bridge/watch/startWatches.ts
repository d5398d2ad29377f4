/**
 * startWatches: a reflector for each kind of object, in each namespace or in the whole cluster.
 *
 * Guarantees: `onSettled` comes after all changes of one watch line or LIST. `onSynced` comes once
 * a scope (a namespace, or the cluster), after the last of its first LISTs. No change of that scope
 * is reported before it. No scope waits for another one.
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Readiness } from '../../lib/telemetry/probes.ts';
import type { Tracing } from '../../lib/telemetry/tracing.ts';
import type { Clock } from '../clock.ts';
import { describeScopes, type ScopeState, type WatchState } from './readiness.ts';
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
  readonly tracing?: Tracing | undefined;
  readonly tuning?: Partial<ReflectorTuning> | undefined;
  /** Of a scope whose lists are complete. */
  onChange(change: Change): void;
  /** Act on the state here: between two changes of one LIST it is half old, half new. */
  onSettled(): void;
  /** Once for each namespace, when its lists are in. Undefined where all are watched at once. */
  onSynced(namespace: string | undefined): void;
}

export interface Watches {
  /** What the watch of this kind in this namespace has delivered; null before the first LIST. */
  revision(kind: string, namespace: string): string | null;
  /** Every list of this namespace is in. */
  isSynced(namespace: string): boolean;
  /**
   * The store holds what the API server had a moment ago. False also after this process stood still
   * (watchTrust.ts).
   */
  isFresh(namespace: string): boolean;
  /** `now`: of the monotonic clock. */
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

interface Scope extends ScopeState {
  readonly watches: readonly Watch[];
  isSynced(): boolean;
}

export function startWatches<Change>(options: WatchesOptions<Change>): Watches {
  const { kinds, api, clock, random, log, metrics, tracing, tuning } = options;
  const namespaces = options.namespaces.length === 0 ? [undefined] : [...new Set(options.namespaces)];

  function startScope(namespace: string | undefined): Scope {
    const run = { api, clock, random, log, metrics, tracing, namespace, ...(tuning !== undefined && { tuning }) };
    let isSynced = false;

    function announceOnceSynced(): void {
      // A list never completes in the tick that starts it, so every watch is known by then.
      if (isSynced || !watches.every((watch) => watch.isSynced())) return;
      isSynced = true;
      options.onSynced(namespace);
    }

    function onChange(change: Change): void {
      if (isSynced) options.onChange(change);
    }

    const callbacks = { onRevision: options.onSettled, onSynced: announceOnceSynced };
    const watches = kinds.map((kind) => ({
      ...kind.start({ ...run, ...callbacks }, onChange),
      kind: kind.kind,
      name: `${kind.kind}${namespace === undefined ? '' : ` in ${namespace}`}`,
    }));
    return { namespace, watches, isSynced: () => isSynced };
  }

  const scopes = new Map(namespaces.map((namespace) => [namespace, startScope(namespace)]));
  const all = [...scopes.values()].flatMap(({ watches }) => watches);

  /** The only scope there is, where the whole cluster is watched. */
  const scopeOf = (namespace: string): Scope | undefined => scopes.get(namespace) ?? scopes.get(undefined);

  return {
    revision: (kind, namespace) =>
      scopeOf(namespace)
        ?.watches.find((watch) => watch.kind === kind)
        ?.revision() ?? null,
    isSynced: (namespace) => scopeOf(namespace)?.isSynced() ?? false,
    isFresh(namespace) {
      const scope = scopeOf(namespace);
      return scope !== undefined && !scope.watches.some((watch) => watch.isStale());
    },
    readiness: (now) => describeScopes([...scopes.values()], now),
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
