/**
 * registerLeaderGauges: reports what the bridge knows about Services and pods, when it is scraped.
 *
 * Guarantees: nothing is computed between scrapes; a Service or namespace that has gone leaves no
 * series behind. As many Services and namespaces as `metrics.services.limit` have series of their
 * own. One series with empty labels holds the worst of the other Services, so that an alert on it
 * still fires. It also holds the sum of the other namespaces. The event loop turns every some
 * hundred.
 * Source:
 * https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-and-runtime-metrics-collectors
 * (collect on scrape).
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Gauge } from 'prom-client';
import { conditionOf, readinessOf } from '../../lib/selection/candidateCondition.ts';
import { annotation } from '../../lib/selection/names.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { unnamed } from '../../lib/telemetry/serviceSeries.ts';
import type { Clock } from '../clock.ts';
import { onScrape } from '../gauges.ts';
import type { LeaderStore } from './leaderStore.ts';
import type { NamespaceIndex } from './namespaceIndex.ts';
import { isServed } from './urgency.ts';

/** Some 2 ms of work, below what a failover would notice. */
const SERVICES_A_TURN = 200;

type ServiceLabel = 'namespace' | 'service';

interface Reporter {
  /**
   * Only one replica reports about Services: else every number would be there as often as there are
   * replicas.
   */
  isFirst(): boolean;
  /** Half a list would report leaders that are missing. */
  isSynced(namespace: string): boolean;
}

export function registerLeaderGauges(
  metrics: Metrics,
  store: LeaderStore,
  clock: Clock,
  { isFirst, isSynced }: Reporter,
): void {
  const { limit } = metrics.services;
  const namespaces = (): readonly [string, NamespaceIndex][] =>
    isFirst() ? [...store.namespaces()].filter(([namespace]) => isSynced(namespace)) : [];
  /** `read` gives null where there is nothing to say. `worst` chooses beyond the limit. */
  const perService = (
    gauge: Gauge<ServiceLabel>,
    worst: (a: number, b: number) => number,
    read: (index: NamespaceIndex, source: string) => number | null,
  ): void =>
    onScrape(gauge, async () => {
      let count = 0;
      let rest: number | null = null;
      for (const [namespace, index] of namespaces())
        for (const service of index.services.optedIn) {
          count += 1;
          if (count % SERVICES_A_TURN === 0) await nextTurn();
          const value = read(index, service);
          if (value === null) continue;
          if (count <= limit) gauge.set({ namespace, service }, value);
          else rest = rest === null ? value : worst(rest, value);
        }
      if (rest !== null) gauge.set(unnamed, rest);
    });
  const perNamespace = (gauge: Gauge<'namespace'>, read: (index: NamespaceIndex) => number): void =>
    onScrape(gauge, async () => {
      let count = 0;
      for (const [namespace, index] of namespaces()) {
        count += 1;
        if (count % SERVICES_A_TURN === 0) await nextTurn();
        if (count <= limit) gauge.set({ namespace }, read(index));
        else gauge.inc({ namespace: '' }, read(index));
      }
    });
  const secondsSince = (at: number): number => Math.max(0, clock.now() - at) / 1_000;

  perService(metrics.podsAvailable, Math.min, (index, source) => {
    const members = [...index.pods.members(source).values()];
    const condition = conditionOf(index.services.byName.get(source)?.annotations);
    return members.filter((pod) => readinessOf(pod, condition).ready && !pod.terminating).length;
  });
  perService(metrics.candidates, Math.min, (index, source) => index.pods.members(source).size);
  perService(metrics.leaderStable, Math.min, (index, source) => (isServed(source, index) ? 1 : 0));
  perService(metrics.withoutEndpoints, Math.max, (index, source) => (index.routedPod(source) === null ? 1 : 0));
  perService(metrics.leaderSeconds, Math.min, (index, source) => {
    const switchedAt = index.routedPod(source) === null ? null : readSwitchedAt(index, source);
    return switchedAt === null ? null : secondsSince(switchedAt);
  });
  perService(metrics.leaderPodAgeSeconds, Math.max, (index, source) => {
    const pod = index.pods.byName.get(index.routedPod(source)?.name ?? '');
    return pod === undefined ? null : secondsSince(pod.createdAt);
  });
  perNamespace(metrics.leaderServices, countLeaderServices);
  perNamespace(metrics.slices, (index) => index.ourSlices.byName.size);
  perNamespace(metrics.cacheSize, (index) => index.pods.byName.size);
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
