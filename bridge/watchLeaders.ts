/**
 * watchLeaders: watches Services, pods and slices as a bridge does, and sends nothing.
 *
 * Guarantees: it only reads. It takes no Lease, and has no queue. Nothing about a namespace is told
 * before every list of it is complete.
 */

import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { PodView, Snapshot } from '../lib/selection/snapshot.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import type { Readiness } from '../lib/telemetry/probes.ts';
import { type Clock, systemClock } from './clock.ts';
import type { LeaderChange } from './leaders/affected.ts';
import { createLeaderDomain } from './leaders/leaderDomain.ts';
import type { LeaderStore } from './leaders/leaderStore.ts';
import type { Source } from './queue/concern.ts';
import type { ObjectChange } from './watch/reflectorStore.ts';
import type { ReflectorTuning } from './watch/reflectorTuning.ts';
import { startWatches } from './watch/startWatches.ts';

interface WatchLeadersOptions {
  readonly api: KubeApi;
  /** Empty means all. */
  readonly namespaces: readonly string[];
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Numbers in [0, 1). */
  readonly random?: () => number;
  readonly tuning?: Partial<ReflectorTuning> | undefined;
  /** Every change of a pod, also before the lists are complete. */
  readonly onPod?: (change: ObjectChange<PodView>) => void;
  /** A source about which something may have changed. The store knows the change already. */
  onConcern(source: Source): void;
}

interface WatchedLeaders {
  readonly store: LeaderStore;
  sources(): readonly Source[];
  isSource(source: Source): boolean;
  snapshotOf(source: Source): Snapshot;
  /** The store holds what the API server had a moment ago. */
  isFresh(namespace: string): boolean;
  readiness(): Readiness;
  close(): Promise<void>;
}

export function watchLeaders(options: WatchLeadersOptions): WatchedLeaders {
  const { clock = systemClock, random = Math.random, onConcern } = options;
  const domain = createLeaderDomain(clock.now, undefined, options.onPod);
  const { store } = domain;
  const watches = startWatches<LeaderChange>({
    ...options,
    kinds: domain.watches,
    clock,
    random,
    onChange(change) {
      for (const { namespace, name } of domain.affected(change, clock.now())) onConcern({ namespace, name });
    },
    onSettled() {},
    onSynced(namespace) {
      const isThere = (source: Source): boolean => namespace === undefined || source.namespace === namespace;
      for (const source of store.sources().filter(isThere)) onConcern(source);
    },
  });
  return {
    store,
    sources: () => store.sources().filter(({ namespace }) => watches.isSynced(namespace)),
    isSource: ({ namespace, name }) => watches.isSynced(namespace) && store.namespace(namespace).isSource(name),
    snapshotOf: (source) => domain.snapshotOf(source, watches),
    isFresh: (namespace) => watches.isSynced(namespace) && watches.isFresh(namespace),
    readiness: () => watches.readiness(clock.monotonic()),
    close: () => watches.close(),
  };
}
