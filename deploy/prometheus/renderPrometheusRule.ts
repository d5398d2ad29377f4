/**
 * Renders a rule file of Prometheus as the PrometheusRule of its operator, or with another base for
 * the links to runbooks.
 */

import { parse, stringify } from 'yaml';

/** `name`: of the object, of its namespace, and of what it is part of. */
export function renderPrometheusRule(rules: string, name = 'zen-lead'): string {
  const { groups } = parse(rules) as { readonly groups: unknown };
  const manifest = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name, namespace: name, labels: { 'app.kubernetes.io/part-of': name } },
    spec: { groups },
  };
  return `# Written from rules.yaml by writePrometheusRule.ts; a test compares.\n${stringify(manifest, { lineWidth: 0 })}`;
}

const published = 'https://github.com/kube-zen/zen-lead/blob/main/docs/runbooks/';

/** `base` is where the pages of docs/runbooks are, with a slash at its end or without. */
export function withRunbooksAt(base: string, rules: string): string {
  return rules.replaceAll(published, `${base.replace(/\/$/, '')}/`);
}
