/**
 * startWatches: the reflectors of the bridge, four for each namespace, or four for the whole cluster. Called by `startBridge`.
 *
 * Our EndpointSlices come in full; the others as metadata only, because there may be 100,000 of them and only their names and
 * labels matter.
 *
 * Guarantees: `revisions` never claims more than every watch of that namespace has delivered: of the two watches of slices, the one
 * that is behind counts.
 */

import { endpointSlices, type KubeApi, pods, type Resource, services } from '../../lib/kube/kubeApi.ts';
import { parsePod } from '../../lib/kube/parsePod.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import { compareRevisions } from '../../lib/selection/compareRevisions.ts';
import { label, SLICE_MANAGER } from '../../lib/selection/names.ts';
import type { ResourceVersion, Revisions, SliceView } from '../../lib/selection/snapshot.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Readiness } from '../../lib/telemetry/probes.ts';
import type { Clock } from '../clock.ts';
import { describeWatches, type WatchState } from '../watch/readiness.ts';
import { type ReflectorOptions, startReflector } from '../watch/reflector.ts';
import type { ObjectChange, ObjectIdentity, ReflectorStore } from '../watch/reflectorStore.ts';
import type { LeaderChange } from './affected.ts';
import type { LeaderStore } from './leaderStore.ts';

export interface WatchesOptions {
  readonly api: KubeApi;
  /** Empty: the whole cluster. */
  readonly namespaces: readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tuning?: ReflectorOptions<unknown>['tuning'];
  readonly store: LeaderStore;
  onChange(change: LeaderChange): void;
  /** After all changes of one watch line or one LIST: between two of them the state is half old, half new. */
  onSettled(): void;
  /** Once, when every list is in. */
  onSynced(): void;
}

export interface Watches {
  revisions(namespace: string): Revisions;
  /** The store holds what the API server had a moment ago. False also after this process stood still (watchTrust.ts). */
  isFresh(namespace: string): boolean;
  readiness(now: number): Readiness;
  /** How many objects of each kind cannot be read at present. */
  unreadable(): ReadonlyMap<string, number>;
  /** Seconds since each kind of watch was last heard, the longest of all namespaces. */
  staleness(now: number): ReadonlyMap<string, number>;
  close(): Promise<void>;
}

interface Watch extends WatchState {
  readonly kind: string;
  unreadable(): ReadonlySet<string>;
  revision(): string | null;
  close(): Promise<void>;
}

interface Scope {
  readonly pods: Watch;
  readonly services: Watch;
  readonly ourSlices: Watch;
  readonly foreignSlices: Watch;
}

export function startWatches(options: WatchesOptions): Watches {
  const names = options.namespaces.length === 0 ? [undefined] : [...new Set(options.namespaces)];
  let isAnnounced = false;

  function announceOnceSynced(): void {
    if (isAnnounced || !all.every((watch) => watch.isSynced())) return;
    isAnnounced = true;
    options.onSynced();
  }

  // A list never completes in the tick that starts it, so every watch is known when the first one is synced.
  const scopes = new Map(names.map((namespace) => [namespace, startScope(namespace, options, announceOnceSynced)]));
  const all = [...scopes.values()].flatMap(watchesOf);

  /** The only scope there is, where the whole cluster is watched. */
  const scopeOf = (namespace: string): Scope | undefined => scopes.get(namespace) ?? scopes.get(undefined);

  return {
    revisions(namespace) {
      const scope = scopeOf(namespace);
      const slices = older(toRevision(scope?.ourSlices), toRevision(scope?.foreignSlices));
      return { pods: toRevision(scope?.pods), services: toRevision(scope?.services), slices };
    },
    isFresh(namespace) {
      const scope = scopeOf(namespace);
      return scope !== undefined && !watchesOf(scope).some((watch) => watch.isStale());
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

function startScope(namespace: string | undefined, options: WatchesOptions, onSynced: () => void): Scope {
  const { store, onChange } = options;
  const where = namespace === undefined ? '' : ` in ${namespace}`;

  function watch<T extends ObjectIdentity>(
    kind: string,
    resource: Resource,
    project: (input: unknown) => T,
    kept: ReflectorStore<T>,
    narrowed: Partial<Pick<ReflectorOptions<T>, 'labelSelector' | 'metadataOnly'>> = {},
  ): Watch {
    const { api, clock, random, log, metrics, tuning } = options;
    const reflector = startReflector<T>({
      name: kind,
      api,
      resource,
      namespace,
      project,
      store: kept,
      onRevision: options.onSettled,
      onSynced,
      clock,
      random,
      log,
      metrics,
      ...narrowed,
      ...(tuning !== undefined && { tuning }),
    });
    const { revision, isSynced, isStale, lastHeardAt, unreadable, close } = reflector;
    return { kind, name: `${kind}${where}`, revision, isSynced, isStale, lastHeardAt, unreadable, close };
  }

  const onSlice = (change: ObjectChange<SliceView>) => onChange({ of: 'EndpointSlice', change });
  return {
    pods: watch(
      'pods',
      pods,
      parsePod,
      store.pods(namespace, (change) => onChange({ of: 'Pod', change })),
    ),
    services: watch(
      'services',
      services,
      parseService,
      store.services(namespace, (change) => onChange({ of: 'Service', change })),
    ),
    ourSlices: watch('endpointslices', endpointSlices, parseSlice, store.ourSlices(namespace, onSlice), {
      labelSelector: `${label.sliceManagedBy}=${SLICE_MANAGER}`,
    }),
    foreignSlices: watch(
      'endpointslices-foreign',
      endpointSlices,
      parseSlice,
      store.foreignSlices(namespace, onSlice),
      {
        labelSelector: `${label.sliceManagedBy}!=${SLICE_MANAGER}`,
        metadataOnly: true,
      },
    ),
  };
}

function watchesOf({ pods, services, ourSlices, foreignSlices }: Scope): readonly Watch[] {
  return [pods, services, ourSlices, foreignSlices];
}

/** Empty before the first list: not a number, so whoever compares it takes the snapshot for a hint. */
function toRevision(watch: Watch | undefined): ResourceVersion {
  return (watch?.revision() ?? '') as ResourceVersion;
}

/** Where they cannot be ordered, neither is known to be older. */
function older(ours: ResourceVersion, foreign: ResourceVersion): ResourceVersion {
  return compareRevisions(foreign, ours) === 'older' ? foreign : ours;
}
