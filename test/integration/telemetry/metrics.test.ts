import { describe, expect, it } from 'vitest';
import { readMetricRows } from '../../../lib/telemetry/renderMetricsPage.ts';
import { aBusyRun } from '../../support/programs/aBusyRun.ts';

/** What needs more than this run: each has a unit test that sets it. */
const notHere = new Set([
  'zen_lead_demotions_total', // a Service with on-demote
  'zen_lead_scales_total', // a Service with scale-down
  'zen_lead_wanted_replicas',
  'zen_lead_verdicts_recorded_total', // a caller from outside
  'zen_lead_api_refused_requests_total', // the api role
  'zen_lead_timeout_occurrences_total', // an API server that says nothing for 10 s
  // A pod at an address that may be probed: those of this run lead nowhere.
  'zen_lead_health_checks_total',
  'zen_lead_health_verdict_changes_total',
  'zen_lead_role_changes_total',
  'zen_lead_primaries',
  'zen_lead_node_verdicts_void_total', // nodes that seem silent
]);

/** Values by series, of one page. */
async function readSamples(url: string): Promise<ReadonlyMap<string, number>> {
  const page = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) })).text();
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('the metrics of a real run', () => {
  it('the metrics hold every documented series with every documented label, and name no pod', async () => {
    const { urls } = await aBusyRun();
    const readAll = async () => {
      const pages = await Promise.all(Object.values(urls).map(readSamples));
      return new Map(pages.flatMap((page) => [...page]));
    };
    const missing = async () => {
      const series = [...(await readAll()).keys()];
      return readMetricRows()
        .filter(({ name, type, labels }) => {
          const exported = type === 'histogram' ? `${name}_count` : name;
          const own = series.filter((one) => one === exported || one.startsWith(`${exported}{`));
          return !own.some((one) => labels.every((label) => one.includes(`${label}="`)));
        })
        .map(({ name }) => name)
        .filter((name) => !notHere.has(name));
    };
    await expect.poll(missing, { message: 'the documented series that are missing', interval: 200 }).toEqual([]);

    const run = await readSamples(urls.run);
    const db = 'namespace="shop",service="db"';
    expect(run.get(`zen_lead_failover_count_total{${db},reason="notReady"}`)).toBe(2);
    expect(run.get(`zen_lead_failover_latency_seconds_count{reason="notReady"}`)).toBe(2);
    expect(run.get(`zen_lead_retry_attempts_total{${db},operation="write",attempt="1"}`)).toBeGreaterThanOrEqual(1);
    expect(run.get(`zen_lead_endpoint_write_errors_total{${db}}`)).toBe(1);
    expect(run.get(`zen_lead_pods_available{${db}}`)).toBe(2);
    expect(run.get(`zen_lead_candidates{${db}}`)).toBeGreaterThanOrEqual(2);
    expect(run.get(`zen_lead_leader_stable{${db}}`)).toBe(1);
    expect(run.get('zen_lead_leader_service_without_endpoints{namespace="shop",service="web"}')).toBe(1);
    const histograms = [...run.keys()].filter((one) => one.includes('_bucket{'));
    expect(histograms.filter((one) => /namespace=|service=/.test(one))).toEqual([]);
    for (const stage of ['sent', 'decided', 'written'])
      expect(run.get(`zen_lead_event_lag_seconds_count{stage="${stage}"}`), stage).toBeGreaterThan(0);
    expect(run.get('zen_lead_relists_total{resource="services",reason="gone"}')).toBe(1);
    expect((await readSamples(urls.functions)).get('zen_lead_hints_total{reason="untrusted"}')).toBe(1);
    expect((await readSamples(urls.bridge)).get('zen_lead_dead_letters_total{reason="refused"}')).toBeGreaterThan(0);

    const ours = [...(await readAll()).keys()].filter((one) => one.startsWith('zen_lead_'));
    expect(ours.filter((one) => /db-\d|10\.0\.0\.1\d/.test(one))).toEqual([]);
  });
});
