/**
 * registerGauges: reports the state of the bridge itself (watches, queue, Lease), when it is
 * scraped.
 *
 * Guarantees: nothing is computed between scrapes.
 * Source:
 * https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-and-runtime-metrics-collectors
 * (collect on scrape).
 */

import type { Gauge } from 'prom-client';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import type { Clock } from './clock.ts';
import type { Queue } from './queue/queue.ts';
import type { Watches } from './watch/startWatches.ts';

export function registerGauges(
  metrics: Metrics,
  queue: Pick<Queue, 'depth' | 'oldestAddedAt'>,
  watches: Pick<Watches, 'staleness' | 'unreadable'>,
  clock: Clock,
  isFirst: () => boolean,
): void {
  onScrape(metrics.watchStalenessSeconds, () => {
    for (const [resource, seconds] of watches.staleness(clock.monotonic()))
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
    metrics.queueAgeSeconds.set(oldestAt === null ? 0 : Math.max(0, clock.now() - oldestAt) / 1_000);
  });
}

/**
 * prom-client calls `collect` when the gauge is read; its types know it as an option of the
 * constructor only.
 */
export function onScrape<L extends string>(gauge: Gauge<L>, collect: () => void | Promise<void>): void {
  Object.assign(gauge, {
    collect: () => {
      gauge.reset();
      return collect();
    },
  });
}
