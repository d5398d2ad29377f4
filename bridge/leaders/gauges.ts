/**
 * registerGauges: what the bridge knows about Services, pods and itself, set when it is scraped. Called once by `startBridge`.
 *
 * Guarantees: nothing is computed between scrapes; a Service or namespace that has gone leaves no series behind.
 * Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-and-runtime-metrics-collectors (collect on scrape).
 */

import type { Gauge } from 'prom-client';
import { annotation } from '../../lib/selection/names.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Clock } from '../clock.ts';
import type { Queue } from '../queue/queue.ts';
import type { LeaderStore } from './leaderStore.ts';
import type { NamespaceIndex } from './namespaceIndex.ts';
import type { Watches } from './startWatches.ts';
import { isServed } from './urgency.ts';

type ServiceLabel = 'namespace' | 'service';

export function registerGauges(
  metrics: Metrics,
  store: LeaderStore,
  queue: Pick<Queue, 'depth' | 'oldestAddedAt'>,
  watches: Pick<Watches, 'staleness' | 'unreadable'>,
  clock: Clock,
  /** Only one replica tells about Services: else every number would be there as often as there are replicas. */
  isFirst: () => boolean = () => true,
): void {
  /** `read` gives null where there is nothing to say. */
  const perService = (
    gauge: Gauge<ServiceLabel>,
    read: (index: NamespaceIndex, source: string) => number | null,
  ): void =>
    onScrape(gauge, () => {
      if (!isFirst()) return;
      for (const [namespace, index] of store.namespaces())
        for (const service of index.services.optedIn) {
          const value = read(index, service);
          if (value !== null) gauge.set({ namespace, service }, value);
        }
    });
  const perNamespace = (gauge: Gauge<'namespace'>, count: (index: NamespaceIndex) => number): void =>
    onScrape(gauge, () => {
      if (!isFirst()) return;
      for (const [namespace, index] of store.namespaces()) gauge.set({ namespace }, count(index));
    });
  const secondsSince = (at: number): number => Math.max(0, clock.now() - at) / 1_000;

  perService(metrics.podsAvailable, (index, source) => {
    const members = [...index.pods.members(source).values()];
    return members.filter((pod) => pod.ready && !pod.terminating).length;
  });
  perService(metrics.leaderStable, (index, source) => (isServed(source, index) ? 1 : 0));
  perService(metrics.withoutEndpoints, (index, source) => (index.routedPod(source) === null ? 1 : 0));
  perService(metrics.leaderSeconds, (index, source) => {
    const switchedAt = index.routedPod(source) === null ? null : readSwitchedAt(index, source);
    return switchedAt === null ? null : secondsSince(switchedAt);
  });
  perService(metrics.leaderPodAgeSeconds, (index, source) => {
    const pod = index.pods.byName.get(index.routedPod(source)?.name ?? '');
    return pod === undefined ? null : secondsSince(pod.createdAt);
  });
  perNamespace(metrics.leaderServices, countLeaderServices);
  perNamespace(metrics.slices, (index) => index.ourSlices.byName.size);
  perNamespace(metrics.cacheSize, (index) => index.pods.byName.size);
  onScrape(metrics.watchStalenessSeconds, () => {
    for (const [resource, seconds] of watches.staleness(clock.now()))
      metrics.watchStalenessSeconds.set({ resource }, seconds);
  });
  // On scrape: it turns false by itself when time passes.
  onScrape(metrics.leaseHolder, () => metrics.leaseHolder.set(isFirst() ? 1 : 0));
  onScrape(metrics.unreadableObjects, () => {
    for (const [resource, count] of watches.unreadable()) metrics.unreadableObjects.set({ resource }, count);
  });
  onScrape(metrics.queueDepth, () => {
    for (const [lane, depth] of Object.entries(queue.depth())) metrics.queueDepth.set({ lane }, depth);
  });
  onScrape(metrics.queueAgeSeconds, () => {
    const oldestAt = queue.oldestAddedAt();
    metrics.queueAgeSeconds.set(oldestAt === null ? 0 : secondsSince(oldestAt));
  });
}

/** prom-client calls `collect` when the gauge is read; its types know it as an option of the constructor only. */
function onScrape<L extends string>(gauge: Gauge<L>, collect: () => void): void {
  Object.assign(gauge, {
    collect: () => {
      gauge.reset();
      collect();
    },
  });
}

function readSwitchedAt(index: NamespaceIndex, source: string): number | null {
  for (const name of index.ourSlices.oursFor(source)) {
    const at = Date.parse(index.ourSlices.byName.get(name)?.annotations[annotation.leaderLastSwitchTime] ?? '');
    if (!Number.isNaN(at)) return at;
  }
  return null;
}

function countLeaderServices(index: NamespaceIndex): number {
  let count = 0;
  for (const source of index.services.sourcesWithOurs()) count += index.services.oursFor(source).size;
  return count;
}
