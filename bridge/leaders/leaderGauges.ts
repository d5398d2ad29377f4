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
import { electionKey } from '../../lib/selection/elections/electionSettings.ts';
import { annotation } from '../../lib/selection/names.ts';
import { parseScaleRecord, type ScaleRecord, wantedReplicas } from '../../lib/selection/scaleRecord.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { unnamed } from '../../lib/telemetry/serviceSeries.ts';
import type { Clock } from '../clock.ts';
import { onScrape } from '../gauges.ts';
import type { LeaderStore } from './leaderStore.ts';
import type { NamespaceIndex, RoutedPod } from './namespaceIndex.ts';
import { fitPods, isFitRoute } from './urgency.ts';

/** Some 2 ms of work, below what a failover would notice. */
const SERVICES_A_TURN = 200;

type ServiceLabel = 'namespace' | 'service' | 'election';

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
  const report = (
    gauge: Gauge<ServiceLabel>,
    worst: (a: number, b: number) => number,
    read: (index: NamespaceIndex, source: string) => Iterable<readonly [election: string, value: number | null]>,
  ): void =>
    onScrape(gauge, async () => {
      let count = 0;
      let rest: number | null = null;
      for (const [namespace, index] of namespaces())
        for (const service of index.services.optedIn) {
          count += 1;
          if (count % SERVICES_A_TURN === 0) await nextTurn();
          for (const [election, value] of read(index, service)) {
            if (value === null) continue;
            if (count <= limit) gauge.set({ namespace, service, ...(election !== '' && { election }) }, value);
            else rest = rest === null ? value : worst(rest, value);
          }
        }
      if (rest !== null) gauge.set(unnamed, rest);
    });
  const perService = (
    gauge: Gauge<'namespace' | 'service'>,
    worst: (a: number, b: number) => number,
    read: (index: NamespaceIndex, source: string) => number,
  ): void => report(gauge, worst, (index, source) => [['', read(index, source)]]);
  const perElection = (
    gauge: Gauge<ServiceLabel>,
    worst: (a: number, b: number) => number,
    read: (slots: readonly Slot[], index: NamespaceIndex, source: string) => number | null,
  ): void =>
    report(gauge, worst, (index, source) =>
      [...slotsByElection(index, source)].map(([election, slots]) => [election, read(slots, index, source)]),
    );
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
  perElection(metrics.leaderStable, Math.min, (slots, index, source) =>
    slots.length > 0 && slots.every(({ routed }) => routed !== null && isFitRoute(routed, source, index)) ? 1 : 0,
  );
  perElection(metrics.withoutEndpoints, Math.max, (slots) => (slots.every(({ routed }) => routed === null) ? 1 : 0));
  perElection(metrics.leaderSeconds, Math.min, (slots) => {
    const switches = slots.flatMap(({ routed, switchedAt }) => (routed === null ? [] : (switchedAt ?? [])));
    return switches.length === 0 ? null : secondsSince(Math.max(...switches));
  });
  perElection(metrics.leaderPodAgeSeconds, Math.max, (slots, index) => {
    const pods = slots.flatMap(({ routed }) => index.pods.byName.get(routed?.name ?? '') ?? []);
    return pods.length === 0 ? null : secondsSince(Math.min(...pods.map(({ createdAt }) => createdAt)));
  });
  report(metrics.wantedReplicas, Math.max, (index, source) => {
    const asks = index.services.byName.get(source)?.annotations[annotation.scaleDown] !== undefined;
    return asks ? [['', wantedReplicas(readScale(index, source))]] : [];
  });
  onScrape(metrics.role, async () => {
    let count = 0;
    for (const [namespace, index] of namespaces())
      for (const service of index.services.optedIn) {
        count += 1;
        if (count % SERVICES_A_TURN === 0) await nextTurn();
        const name = count <= limit ? { namespace, service } : unnamed;
        const fit = fitPods(service, index);
        const unfit = index.pods.members(service).size - fit.length;
        for (const [election, slots] of slotsByElection(index, service)) {
          const leaders = new Set(slots.flatMap(({ routed }) => routed?.name ?? []));
          const labels = { ...name, election: count <= limit ? election : '' };
          metrics.role.inc({ ...labels, role: 'leader' }, leaders.size);
          metrics.role.inc({ ...labels, role: 'follower' }, fit.filter((pod) => !leaders.has(pod.name)).length);
          metrics.role.inc({ ...labels, role: 'unfit' }, unfit);
        }
      }
  });
  perNamespace(metrics.leaderServices, countLeaderServices);
  perNamespace(metrics.slices, (index) => index.ourSlices.byName.size);
  perNamespace(metrics.cacheSize, (index) => index.pods.byName.size);
}

/** What scale-down wrote down on the slice that holds the record. */
function readScale(index: NamespaceIndex, source: string): ScaleRecord | null {
  for (const name of index.ourSlices.oursFor(source)) {
    const record = parseScaleRecord(index.ourSlices.byName.get(name)?.annotations[annotation.scaleState]);
    if (record !== null) return record;
  }
  return null;
}

interface Slot {
  readonly routed: RoutedPod | null;
  /** Epoch milliseconds; undefined where no record says. */
  readonly switchedAt: number | undefined;
}

/** The slots of each election, by its name. One without slots where nothing is made yet. */
function slotsByElection(index: NamespaceIndex, source: string): ReadonlyMap<string, readonly Slot[]> {
  const switches = new Map<string, number>();
  for (const name of index.ourSlices.oursFor(source)) {
    const { election = '', slot = 0, annotations = {} } = index.ourSlices.byName.get(name) ?? {};
    const at = Date.parse(annotations[annotation.leaderLastSwitchTime] ?? '');
    if (!Number.isNaN(at)) switches.set(electionKey({ election, slot }), at);
  }
  const elections = new Map<string, Slot[]>();
  for (const [key, routed] of index.routes(source)) {
    const election = key.slice(0, key.lastIndexOf('/'));
    const slots = elections.get(election) ?? [];
    elections.set(election, [...slots, { routed, switchedAt: switches.get(key) }]);
  }
  return elections.size > 0 ? elections : new Map([['', []]]);
}

function countLeaderServices(index: NamespaceIndex): number {
  let count = 0;
  for (const source of index.services.sourcesWithOurs()) count += index.services.oursFor(source).size;
  return count;
}
