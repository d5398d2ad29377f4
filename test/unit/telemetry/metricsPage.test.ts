import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { goNames } from '../../../lib/telemetry/goNames.ts';
import { readMetricRows, renderMetricsPage } from '../../../lib/telemetry/renderMetricsPage.ts';

const rows = readMetricRows();

/**
 * Name, type and labels as the Go program exports them, where the same name is kept; a histogram
 * without `namespace` and `service`.
 */
const goShapes: Readonly<Record<string, readonly [type: string, labels: string]>> = {
  build_info: ['gauge', 'version commit build_date'],
  leader_duration_seconds: ['gauge', 'namespace service'],
  failover_count_total: ['counter', 'namespace service reason'],
  reconciliation_duration_seconds: ['histogram', 'result'],
  pods_available: ['gauge', 'namespace service'],
  port_resolution_failures_total: ['counter', 'namespace service port_name'],
  reconciliation_errors_total: ['counter', 'namespace service error_type'],
  leader_services_total: ['gauge', 'namespace'],
  endpointslices_total: ['gauge', 'namespace'],
  sticky_leader_hits_total: ['counter', 'namespace service'],
  sticky_leader_misses_total: ['counter', 'namespace service'],
  leader_selection_attempts_total: ['counter', 'namespace service'],
  leader_pod_age_seconds: ['gauge', 'namespace service'],
  leader_service_without_endpoints: ['gauge', 'namespace service'],
  reconciliations_total: ['counter', 'namespace service result'],
  leader_stable: ['gauge', 'namespace service'],
  endpoint_write_errors_total: ['counter', 'namespace service'],
  retry_attempts_total: ['counter', 'namespace service operation attempt'],
  retry_success_after_retry_total: ['counter', 'namespace service operation'],
  cache_size: ['gauge', 'namespace'],
  cache_update_duration_seconds: ['histogram', 'resource'],
  cache_hits_total: ['counter', 'namespace'],
  cache_misses_total: ['counter', 'namespace'],
  timeout_occurrences_total: ['counter', 'namespace operation'],
  failover_latency_seconds: ['histogram', 'reason'],
  api_call_duration_seconds: ['histogram', 'operation result'],
};

describe('docs/reference/metrics.md', () => {
  it('docs/reference/metrics.md is what the registry renders; run `npm run pages` after a change', async () => {
    const page = await readFile(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8');
    expect(page).toBe(renderMetricsPage());
  });

  it('names every metric once', () => {
    const page = renderMetricsPage();
    for (const { name } of rows) expect(page.split(`| \`${name}\` |`), name).toHaveLength(2);
  });

  it('says of each of the 26 Go names what became of it', () => {
    expect(new Set(goNames.map(({ name }) => name)).size).toBe(26);
    for (const { name, fate, note } of goNames) {
      const row = rows.find((each) => each.name === `zen_lead_${name}`);
      if (fate !== 'same') expect(note, name).not.toBe('');
      if (fate === 'none') expect(row, name).toBeUndefined();
      else expect([row?.type, row?.labels.join(' ')], name).toEqual(goShapes[name]);
    }
  });

  it('docs/reference/metrics.md has no label for the name of a pod', () => {
    for (const { name, labels } of rows) expect(labels, name).not.toEqual(expect.arrayContaining(['pod']));
    expect(rows.flatMap(({ labels }) => labels).filter((label) => /pod|uid|ip$/.test(label))).toEqual([]);
  });
});
