/**
 * Renders a rule file of Prometheus as the PrometheusRule of its operator.
 */

import { parse, stringify } from 'yaml';

export function renderPrometheusRule(rules: string): string {
  const { groups } = parse(rules) as { readonly groups: unknown };
  const manifest = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'zen-lead', namespace: 'zen-lead', labels: { 'app.kubernetes.io/part-of': 'zen-lead' } },
    spec: { groups },
  };
  return `# Written from rules.yaml by writePrometheusRule.ts; a test compares.\n${stringify(manifest, { lineWidth: 0 })}`;
}
