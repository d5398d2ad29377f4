/**
 * registerLeaderGauges: reports what the bridge knows about Services and pods, when it is scraped.
 *
 * Guarantees: nothing is computed between scrapes; a Service or namespace that has gone leaves no
 * series behind. As many Services and namespaces as `metrics.services.limit` have series of their
 * own. One series with empty labels holds the worst of the other Services, so that an alert on it
 * still fires. It also holds the sum of the other namespaces. One pass over the Services fills all
 * gauges of a scrape. The event loop turns in the middle of it (lib/telemetry/turns.ts).
 * Source:
 * https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-and-runtime-metrics-collectors
 * (collect on scrape).
 */

import type { Gauge } from 'prom-client';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import { type ServiceName, unnamed } from '../../lib/telemetry/serviceSeries.ts';
import { createTurns } from '../../lib/telemetry/turns.ts';
import type { Clock } from '../clock.ts';
import { onScrape } from '../gauges.ts';
import { type Figure, factsOf, type LeaderFigure, leaderFigures } from './leaderFigures.ts';
import type { LeaderStore } from './leaderStore.ts';
import type { NamespaceIndex } from './namespaceIndex.ts';

/** A gauge that is read alone, long after the others, is not answered from their pass. */
const PASS_LIFETIME_MS = 1_000;

interface Reporter {
  /**
   * Only one replica reports about Services: else every number would be there as often as there are
   * replicas.
   */
  isFirst(): boolean;
  /** Half a list would report leaders that are missing. */
  isSynced(namespace: string): boolean;
}

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** By gauge. */
type AllSeries = Readonly<Record<LeaderFigure, readonly Series[]>>;

interface Pass {
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly series: Promise<AllSeries>;
  /** A gauge takes a pass once, so that the next scrape begins another one. */
  readonly takenBy: Set<LeaderFigure>;
}

const figureNames = Object.keys(leaderFigures) as readonly LeaderFigure[];

export function registerLeaderGauges(
  metrics: Metrics,
  store: LeaderStore,
  clock: Clock,
  { isFirst, isSynced }: Reporter,
): void {
  const { limit } = metrics.services;
  const namespaces = (): readonly [string, NamespaceIndex][] =>
    isFirst() ? [...store.namespaces()].filter(([namespace]) => isSynced(namespace)) : [];

  async function passOver(): Promise<AllSeries> {
    const turns = createTurns();
    const collected = createCollected();
    let count = 0;
    for (const [namespace, index] of namespaces())
      for (const service of index.services.optedIn) {
        if (turns.isDue()) await turns.take();
        count += 1;
        const facts = factsOf(index, service, clock.now());
        const name = count <= limit ? { namespace, service } : null;
        for (const gauge of figureNames)
          for (const figure of leaderFigures[gauge].read(facts)) collected.add(gauge, figure, name);
      }
    return collected.series();
  }

  let pass: Pass | null = null;
  function takePass(gauge: LeaderFigure): Promise<AllSeries> {
    if (pass === null || pass.takenBy.has(gauge) || performance.now() - pass.startedAt > PASS_LIFETIME_MS)
      pass = { startedAt: performance.now(), series: passOver(), takenBy: new Set() };
    pass.takenBy.add(gauge);
    return pass.series;
  }

  for (const name of figureNames) {
    const gauge: Gauge<string> = metrics[name];
    onScrape(gauge, async () => {
      const turns = createTurns();
      for (const { labels, value } of (await takePass(name))[name]) {
        if (turns.isDue()) await turns.take();
        gauge.set(labels, value);
      }
    });
  }

  const perNamespace = (gauge: Gauge<'namespace'>, read: (index: NamespaceIndex) => number): void =>
    onScrape(gauge, async () => {
      const turns = createTurns();
      let count = 0;
      for (const [namespace, index] of namespaces()) {
        if (turns.isDue()) await turns.take();
        count += 1;
        if (count <= limit) gauge.set({ namespace }, read(index));
        else gauge.inc({ namespace: '' }, read(index));
      }
    });
  perNamespace(metrics.leaderServices, countLeaderServices);
  perNamespace(metrics.slices, (index) => index.ourSlices.byName.size);
  perNamespace(metrics.cacheSize, (index) => index.pods.byName.size);
}

function createCollected() {
  const collected = Object.fromEntries(
    figureNames.map((gauge) => [gauge, { named: [] as Series[], rest: new Map<string, Series>() }]),
  ) as Record<LeaderFigure, { readonly named: Series[]; readonly rest: Map<string, Series> }>;
  return {
    /** `name` null: of a Service beyond the limit. */
    add(gauge: LeaderFigure, figure: Figure, name: ServiceName | null): void {
      const { named, rest } = collected[gauge];
      const { role = '', value } = figure;
      if (name !== null) {
        named.push({ labels: labelsOf(figure, name), value });
        return;
      }
      const known = rest.get(role)?.value;
      const labels = labelsOf({ ...figure, ...(figure.election !== undefined && { election: '' }) }, unnamed);
      rest.set(role, { labels, value: known === undefined ? value : leaderFigures[gauge].fold(known, value) });
    },
    series(): AllSeries {
      const entries = Object.entries(collected).map(([gauge, { named, rest }]) => [
        gauge,
        [...named, ...rest.values()],
      ]);
      return Object.fromEntries(entries) as AllSeries;
    },
  };
}

/** A Service without named elections has no label of one, but where roles tell pods apart. */
function labelsOf({ election, role }: Figure, name: ServiceName): Series['labels'] {
  if (role !== undefined) return { ...name, election: election ?? '', role };
  return election === undefined || election === '' ? { ...name } : { ...name, election };
}

function countLeaderServices(index: NamespaceIndex): number {
  let count = 0;
  for (const source of index.services.sourcesWithOurs()) count += index.services.oursFor(source).size;
  return count;
}
