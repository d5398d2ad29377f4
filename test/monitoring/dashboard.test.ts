import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { readMetricRows } from '../../lib/telemetry/renderMetricsPage.ts';
import { aBusyRun } from '../support/programs/aBusyRun.ts';
import { renderDashboard } from './renderDashboard.ts';
import { startPrometheus } from './startPrometheus.ts';

const dashboard = z
  .object({
    templating: z.object({ list: z.array(z.object({ name: z.string(), definition: z.string().optional() })) }),
    panels: z.array(
      z.object({
        type: z.string(),
        title: z.string(),
        gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
        targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('../../deploy/grafana/zen-lead.json', import.meta.url), 'utf8')));

const panels = dashboard.panels.filter(({ type }) => type !== 'row');

/** Nothing in this run sets these; the query itself has to be right all the same. */
const mayBeEmpty = [
  'zen_lead_timeout_occurrences_total', // an API server that sends nothing for 10 s
  'zen_lead_cold_start_seconds_bucket', // a quantile of no starts
  // no Service of the run asks for a check, and no caller reports
  'zen_lead_health_checks_total',
  'zen_lead_health_check_seconds_bucket',
  'zen_lead_health_verdict_changes_total',
  'zen_lead_primaries',
  'zen_lead_role_changes_total',
  'zen_lead_verdicts_recorded_total',
  'zen_lead_demotions_total',
  // the run is not on Knative; the cluster suite asks Knative for these
  'kn_revision_',
  'kn_serving_',
  // the run keeps no locks, and their counters stand still
  'zen_lead_lock_wait_seconds_bucket',
];

/** Fills in the variables as Grafana does, for a run of a few seconds. */
function fillIn(expression: string): string {
  return expression
    .replaceAll('$__rate_interval', '15s')
    .replaceAll('$__range', '1m')
    .replaceAll(/\$(?:cluster|namespace|service)\b/g, '.*');
}

it('the dashboard asks only for exported metrics: every panel shows something of a real run', async () => {
  const { urls, writeReady, readRoute } = await aBusyRun();
  const prometheus = await startPrometheus(Object.values(urls));
  // A rate needs two samples of a counter, so what happened before the first scrape has to happen
  // again.
  await writeReady('db-0', false);
  await expect.poll(() => readRoute('db'), { timeout: 10_000 }).toEqual(['10.0.0.11']);

  const queries = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
  const empty = async () => {
    const results = await Promise.all(
      queries.map(async (query) => ({ ...query, samples: await prometheus.query(fillIn(query.expr)) })),
    );
    return results
      .filter(({ samples, expr }) => samples.length === 0 && !mayBeEmpty.some((name) => expr.includes(name)))
      .map(({ title, expr }) => `${title}: ${expr}`);
  };
  await expect.poll(empty, { timeout: 30_000, interval: 1_000 }).toEqual([]);

  // To see it: DASHBOARD_PAGE=dist/dashboard.html npm run test:monitoring
  const page = process.env['DASHBOARD_PAGE'];
  if (page !== undefined) writeFileSync(page, await renderDashboard(dashboard.panels, prometheus.url, fillIn));
});

it('the dashboard names only documented metrics', () => {
  const known = readMetricRows().flatMap(({ name }) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]);
  const named = JSON.stringify(dashboard).match(/zen_lead_[a-z_]+/g) ?? [];
  expect([...new Set(named)].filter((name) => !known.includes(name))).toEqual([]);
});

it('no two panels of the dashboard overlap', () => {
  const cells = panels.flatMap(({ title, gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)} ${title}`),
  );
  const places = cells.map((cell) => cell.slice(0, cell.indexOf(' ')));
  expect(new Set(places).size).toBe(places.length);
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
});
