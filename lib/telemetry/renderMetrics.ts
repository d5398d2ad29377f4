/**
 * Renders the page of /metrics, for all scrapers together.
 *
 * Guarantees: the event loop turns after each metric, so that no scrape holds up a failover for
 * longer than one metric takes. Scrapers within a second share one rendering.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { shareResult } from './shareResult.ts';

/** Prometheus scrapes every 15 s by default, so a page of this age is new to it. */
const LIFETIME_MS = 1_000;

export function createMetricsPage(registry: Registry): () => Promise<string> {
  return shareResult(LIFETIME_MS, () => renderMetrics(registry));
}

export async function renderMetrics(registry: Registry): Promise<string> {
  const parts: string[] = [];
  for (const { name } of registry.getMetricsAsArray()) {
    parts.push(await registry.getSingleMetricAsString(name));
    await nextTurn();
  }
  return `${parts.join('\n\n')}\n`;
}
