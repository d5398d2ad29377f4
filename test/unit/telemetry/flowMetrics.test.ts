import { readFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { flowGoNames } from '../../../lib/telemetry/flowGoNames.ts';
import { createFlowMetrics, groupName } from '../../../lib/telemetry/flowMetrics.ts';
import {
  readFlowMetricRows,
  readWebhookMetricRows,
  renderFlowMetricsPage,
} from '../../../lib/telemetry/renderFlowMetricsPage.ts';

const rows = readFlowMetricRows();

describe('docs/reference/flow-metrics.md', () => {
  it('docs/reference/flow-metrics.md is what the registry renders; run `npm run pages` after a change', async () => {
    const page = await readFile(new URL('../../../docs/reference/flow-metrics.md', import.meta.url), 'utf8');
    expect(page).toBe(renderFlowMetricsPage());
  });

  it('has the metrics of the webhook, and says that no other process has them', () => {
    const [, section = ''] = renderFlowMetricsPage().split('## The webhook');
    expect(readWebhookMetricRows().map(({ name }) => name)).toEqual([
      'zen_flow_webhook_requests_total',
      'zen_flow_webhook_certificate_expiry_seconds',
    ]);
    for (const { name } of readWebhookMetricRows()) expect(section).toContain(`| \`${name}\` |`);
    for (const { name } of readWebhookMetricRows()) expect(rows.map((row) => row.name)).not.toContain(name);
    expect(section).toContain('From `zen-flow webhook` alone');
  });

  it('has each of the 17 Go names, with its labels or a word about those that differ', () => {
    expect(new Set(flowGoNames.map(({ name }) => name)).size).toBe(17);
    for (const { name, labels, difference } of flowGoNames) {
      const row = rows.find((each) => each.name === `zen_flow_${name}`);
      expect(row, name).toBeDefined();
      const missing = labels.filter((label) => row?.labels.includes(label) !== true);
      for (const label of missing) expect(difference, name).toContain(`Without \`${label}\``);
    }
  });
});

describe('the label of a flow', () => {
  it.each([
    ['nightly', 'nightly'],
    ['nightly-x7k2p', 'nightly'],
    ['nightly-29384756', 'nightly'],
    ['nightly-report', 'nightly-report'],
    ['release-2026', 'release-2026'],
    ['x7k2p', 'x7k2p'],
  ])('of %s is %s', (name, label) => {
    expect(groupName(name)).toBe(label);
  });

  it('is empty beyond the limit, and so is that of a step', () => {
    const { labels } = createFlowMetrics(new Registry(), 2);
    expect(['a', 'b', 'c', 'a'].map(labels.flow)).toEqual(['a', 'b', '', 'a']);
    const steps = Array.from({ length: 60 }, (_, at) => labels.step('a', `s${at}`).step);
    expect(steps.filter((step) => step !== '')).toHaveLength(50);
    expect(labels.step('c', 's0')).toEqual({ flow: '', step: '' });
    expect(labels.step('a', 's0')).toEqual({ flow: 'a', step: 's0' });
    expect(['x', 'y', 'z'].map(labels.namespace)).toEqual(['x', 'y', '']);
  });
});
