/**
 * Holds the shipped rules and monitors against what they are made from, and each alert against its
 * runbook.
 */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { renderPrometheusRule, withRunbooksAt } from '../../../deploy/prometheus/renderPrometheusRule.ts';
import { readFlowMetricRows, readWebhookMetricRows } from '../../../lib/telemetry/renderFlowMetricsPage.ts';
import { readMetricRows } from '../../../lib/telemetry/renderMetricsPage.ts';

const root = resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(resolve(root, file), 'utf8');

interface Rule {
  readonly alert?: string;
  readonly expr?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

const readRules = (file: string): readonly Rule[] =>
  (parse(read(file)) as { groups: { rules: readonly Rule[] }[] }).groups.flatMap(({ rules }) => rules);
const withName = (rules: readonly Rule[]) => rules.flatMap((rule) => (rule.alert === undefined ? [] : [rule]));
const alerts = withName(readRules('deploy/prometheus/rules.yaml'));
const flowAlerts = withName(readRules('deploy/flow/prometheus/rules.yaml'));
const allRules = [...readRules('deploy/prometheus/rules.yaml'), ...readRules('deploy/flow/prometheus/rules.yaml')];

/** The alerts of the Go zen-lead, without their prefix. */
const goAlerts = [
  'CacheSizeApproachingLimit',
  'ControllerDown',
  'FailoverOccurred',
  'HighAPICallLatency',
  'HighControllerRestartRate',
  'HighFailoverRate',
  'HighReconciliationErrorRate',
  'HighReconciliationRate',
  'HighStickyLeaderMissRate',
  'LeaderPodAgeHigh',
  'LeaderServiceWithoutEndpoints',
  'LowPodAvailability',
  'NoPodsAvailable',
  'PortResolutionFailureInfo',
  'PortResolutionFailures',
  'SlowReconciliation',
];

/**
 * The 14 alerts of the Go zen-flow, without their prefix, and the two that its roadmap adds.
 */
const goFlowAlerts = [
  'ControllerDown',
  'HighAPIServerCallRate',
  'HighDAGComputationTime',
  'HighJobCreationFailureRate',
  'HighQueueDepth',
  'HighReconciliationErrorRate',
  'HighReconciliationRate',
  'JobFlowStuck',
  'JobFlowStuckWaitingApproval',
  'SlowReconciliation',
  'SlowStepExecution',
  'StepExecutionFailures',
  'StepStuckPendingApproval',
  'WebhookCertificateExpired',
  'WebhookCertificateExpiringSoon',
  'WebhookCertificateNotFound',
];

/** Of what the Go zen-flow does not have. */
const newFlowAlerts = ['ScheduleMissedRuns'];

describe('deploy/flow/prometheus', () => {
  test('has the same rules for the operator; run `npm run pages` after a change', () => {
    const rules = read('deploy/flow/prometheus/rules.yaml');
    expect(read('deploy/flow/prometheus/prometheus-rule.yaml')).toBe(renderPrometheusRule(rules, 'zen-flow'));
  });

  test('has the alerts of the Go zen-flow and of its roadmap, and one for schedules', () => {
    const wanted = [...goFlowAlerts, ...newFlowAlerts].sort();
    expect(flowAlerts.map(({ alert }) => alert).sort()).toEqual(wanted.map((name) => `ZenFlow${name}`));
  });

  test('asks only for metrics that are exported', () => {
    const known = [...readFlowMetricRows(), ...readMetricRows(), ...readWebhookMetricRows()].map(({ name }) => name);
    const named = flowAlerts.flatMap(({ expr = '' }) => expr.match(/\bzen_\w+/g) ?? []);
    expect(named.length).toBeGreaterThan(flowAlerts.length);
    expect(named.filter((name) => !known.includes(name.replace(/_(?:bucket|count|sum)$/, '')))).toEqual([]);
  });

  test('tests each alert, and has a runbook for nothing else', () => {
    const stories = read('deploy/flow/prometheus/rules.test.yaml');
    for (const { alert } of flowAlerts) expect(stories).toContain(`- name: ${alert}\n`);
    expect(globSync('docs/runbooks/ZenFlow*.md', { cwd: root })).toHaveLength(flowAlerts.length);
  });
});

describe('deploy/prometheus', () => {
  test('lets our label `namespace` win over that of the pod', () => {
    const files = ['deploy/prometheus/pod-monitors.yaml', 'deploy/prometheus/knative/pod-monitors.yaml'];
    const monitors = files.flatMap((file) => parseAllDocuments(read(file)).map((document) => document.toJS()));
    for (const { spec } of monitors)
      for (const endpoint of spec.podMetricsEndpoints) expect(endpoint).toMatchObject({ honorLabels: true });
  });

  test('deploy/prometheus has the same rules for the operator; run `npm run pages` after a change', () => {
    expect(read('deploy/prometheus/prometheus-rule.yaml')).toBe(
      renderPrometheusRule(read('deploy/prometheus/rules.yaml')),
    );
  });

  test('deploy/prometheus has every alert of the Go zen-lead', () => {
    const names = alerts.map(({ alert }) => alert);
    expect(goAlerts.map((name) => `ZenLead${name}`).filter((name) => !names.includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('the links to runbooks take a base of your own', () => {
    const rules = withRunbooksAt('https://wiki.example/zen-lead/', read('deploy/prometheus/rules.yaml'));
    const links = [...rules.matchAll(/runbook_url: (\S+)/g)].map(([, url]) => url);
    expect(links).toHaveLength(alerts.length);
    for (const url of links) expect(url).toMatch(/^https:\/\/wiki\.example\/zen-lead\/ZenLead\w+\.md$/);
  });

  test('the list of runbooks says where the links point', () => {
    const prefixes = [...alerts, ...flowAlerts].map(({ annotations }) =>
      annotations?.['runbook_url']?.replace(/[^/]*$/, ''),
    );
    const [prefix, ...others] = new Set(prefixes);
    expect(others).toEqual([]);
    expect(read('docs/runbooks/README.md')).toContain(`\`${prefix}\``);
  });

  test.each([...alerts, ...flowAlerts])(
    '$alert says what, how bad, and links a runbook that is there',
    ({ alert, annotations, labels }) => {
      expect(annotations?.['summary']).toBeTruthy();
      expect(annotations?.['description']).toBeTruthy();
      expect(['critical', 'warning', 'info']).toContain(labels?.['severity']);
      expect(annotations?.['runbook_url']).toBe(
        `https://github.com/kube-zen/zen-lead/blob/main/docs/runbooks/${alert}.md`,
      );
      const runbook = read(`docs/runbooks/${alert}.md`);
      for (const part of [`# ${alert}\n`, '## What it means', '## What to check', '## What to do'])
        expect(runbook).toContain(part);
      expect(read('docs/runbooks/README.md')).toContain(`(${alert}.md)`);
    },
  );

  test('deploy/prometheus has a runbook for nothing else', () => {
    const pages = globSync('docs/runbooks/ZenLead*.md', { cwd: root });
    expect(pages).toHaveLength(alerts.length);
    expect(existsSync(resolve(root, 'docs/runbooks/README.md'))).toBe(true);
  });

  test('keeps clusters apart in every rule that sums or joins', () => {
    const texts = allRules.map(({ expr = '' }) => expr);
    const aggregations = texts.flatMap((text) => text.match(/\b(?:sum|count|max|on)\b(?: by)? ?\([^)]*\)?/g) ?? []);
    expect(aggregations.length).toBeGreaterThan(50);
    expect(aggregations.filter((part) => !/(?:by|on) \(cluster\b/.test(part))).toEqual([]);
  });

  test('tests each alert', () => {
    const stories = read('deploy/prometheus/rules.test.yaml');
    for (const { alert } of alerts) expect(stories).toContain(`- name: ${alert}\n`);
  });
});

describe('deploy/grafana', () => {
  const { panels } = JSON.parse(read('deploy/grafana/zen-lead.json')) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  const expressions = panels.flatMap(({ targets = [] }) => targets).map(({ expr }) => expr);

  test('counts the first event of a series, which increase() does not see', () => {
    const counting = expressions.filter((expr) => expr.includes('increase('));
    expect(counting.length).toBeGreaterThan(10);
    for (const expr of counting) {
      const [, counter = ''] = /increase\((.*?)\[\$__range\]\)/.exec(expr) ?? [];
      expect(expr).toContain(`(${counter} unless ${counter} offset $__range) or increase(${counter}[$__range])`);
    }
  });

  test('shows the clusters that are chosen, and joins none', () => {
    for (const expr of expressions) {
      const metrics =
        expr.match(/\b(?:zen_lead[_:][\w:]+|nodejs_\w+|process_\w+|kn_(?!revision_name)\w+)(?:\{[^}]*\})?/g) ?? [];
      expect(metrics.length).toBeGreaterThan(0);
      expect(metrics.filter((metric) => !metric.includes('{cluster=~"$cluster"'))).toEqual([]);
      expect(expr.replaceAll('by (cluster,', '').replaceAll('on (cluster,', '')).not.toMatch(
        /\b(?:by|on) \((?:namespace|job|instance)/,
      );
    }
  });
});

describe('deploy/flow/grafana', () => {
  const { panels } = JSON.parse(read('deploy/flow/grafana/zen-flow.json')) as {
    panels: { title: string; type: string; gridPos: { x: number; w: number }; targets?: { expr: string }[] }[];
  };
  const expressions = panels.flatMap(({ targets = [] }) => targets).map(({ expr }) => expr);

  /** The titles of the panels of the Go zen-flow. */
  const goPanels = [
    'JobFlows by phase',
    'Total steps executed',
    'Step execution rate',
    'Reconciliation rate',
    'Step execution over time',
    'Step duration',
    'Reconciliation duration',
    'Steps by phase',
    'JobFlows by namespace',
    'Top JobFlows by step count',
    'Step success rate',
    'Manual approval steps waiting',
    'JobFlows paused (waiting approval)',
    'Phase transition rate',
    'Step phase transitions',
  ];

  test('has the panels of the Go zen-flow, and hops, waits, the size of records, and the webhook', () => {
    const titles = panels.map(({ title }) => title);
    const newPanels = ['Hops', 'Waits by reason', 'Record size', 'Webhook reviews', 'Webhook certificate'];
    expect(titles).toEqual(expect.arrayContaining([...goPanels, ...newPanels]));
    for (const { name } of readWebhookMetricRows()) expect(expressions.join('\n')).toContain(`${name}{`);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  test('asks only for metrics that are exported, of the clusters that are chosen', () => {
    const known = [...readFlowMetricRows(), ...readWebhookMetricRows()].map(({ name }) => name);
    const named = expressions.flatMap((expr) => expr.match(/\bzen_\w+(?:\{[^}]*\})?/g) ?? []);
    expect(named.length).toBeGreaterThan(25);
    const nameOf = (metric: string) => metric.replace(/\{.*/, '').replace(/_(?:bucket|count|sum)$/, '');
    expect(named.filter((metric) => !known.includes(nameOf(metric)))).toEqual([]);
    expect(named.filter((metric) => !metric.includes('{cluster=~"$cluster"'))).toEqual([]);
  });
});
