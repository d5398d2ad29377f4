/**
 * Renders the page of /metrics, for all scrapers together.
 *
 * Guarantees: the event loop turns between portions of series, so that no scrape holds up a
 * failover for longer than one portion takes. Scrapers within a second share one rendering.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Metric, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';
import { shareResult } from './shareResult.ts';

/** Prometheus scrapes every 15 s by default, so a page of this age is new to it. */
const LIFETIME_MS = 1_000;
/** Some 1 ms of work. */
const SERIES_A_TURN = 200;

export function createMetricsPage(registry: Registry): () => Promise<string> {
  return shareResult(LIFETIME_MS, () => renderMetrics(registry));
}

export async function renderMetrics(registry: Registry): Promise<string> {
  const pages: string[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    const metric = registry.getSingleMetric(name);
    if (metric !== undefined) pages.push(await renderMetric(metric));
    await nextTurn();
  }
  return `${pages.join('\n\n')}\n`;
}

/** prom-client renders a metric in one go, so each portion of it is a metric of its own. */
async function renderMetric(metric: Metric): Promise<string> {
  const whole: MetricObjectWithValues<MetricValue<string>> = await metric.get();
  const lines: string[] = [];
  for (let from = 0; from === 0 || from < whole.values.length; from += SERIES_A_TURN) {
    if (from > 0) await nextTurn();
    const values = whole.values.slice(from, from + SERIES_A_TURN);
    const portion = new Registry();
    portion.registerMetric({ name: whole.name, get: async () => ({ ...whole, values }) } as unknown as Metric);
    const [help = '', type = '', ...series] = (await portion.getSingleMetricAsString(whole.name)).split('\n');
    if (from === 0) lines.push(help, type);
    lines.push(...series);
  }
  return lines.join('\n');
}
