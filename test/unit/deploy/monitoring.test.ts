/**
 * Holds the shipped rules and monitors against what they are made from, and each alert against its
 * runbook.
 */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { renderPrometheusRule } from '../../../deploy/prometheus/renderPrometheusRule.ts';

const root = resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(resolve(root, file), 'utf8');

interface Rule {
  readonly alert?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

const { groups } = parse(read('deploy/prometheus/rules.yaml')) as { groups: { rules: readonly Rule[] }[] };
const alerts = groups.flatMap(({ rules }) => rules).flatMap((rule) => (rule.alert === undefined ? [] : [rule]));

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

describe('deploy/prometheus', () => {
  test('lets our label `namespace` win over that of the pod', () => {
    const monitors = parseAllDocuments(read('deploy/prometheus/pod-monitors.yaml')).map((document) => document.toJS());
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

  test.each(alerts)(
    '$alert says what, how bad, and links a runbook that is there',
    ({ alert, annotations, labels }) => {
      expect(annotations?.['summary']).toBeTruthy();
      expect(annotations?.['description']).toBeTruthy();
      expect(['critical', 'warning', 'info']).toContain(labels?.['severity']);
      expect(annotations?.['runbook_url']).toBe(`https://zen-lead.io/runbooks/${alert}.md`);
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

  test('tests each alert', () => {
    const stories = read('deploy/prometheus/rules.test.yaml');
    for (const { alert } of alerts) expect(stories).toContain(`- name: ${alert}\n`);
  });
});
