/**
 * Writes prometheus-rule.yaml, for the Prometheus operator, from rules.yaml: that of zen-lead, and
 * in deploy/flow/prometheus that of zen-flow. `npm run pages` runs it after a change of the rules.
 *
 * `node deploy/prometheus/writePrometheusRule.ts BASE` prints the PrometheusRule instead, with the
 * links to runbooks below a base of your own, such as an internal wiki.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { renderPrometheusRule, withRunbooksAt } from './renderPrometheusRule.ts';

const rules = await readFile(new URL('./rules.yaml', import.meta.url), 'utf8');
const [base] = process.argv.slice(2);
if (base === undefined) {
  await writeFile(new URL('./prometheus-rule.yaml', import.meta.url), renderPrometheusRule(rules));
  const flows = new URL('../flow/prometheus/', import.meta.url);
  const flowRules = await readFile(new URL('rules.yaml', flows), 'utf8');
  await writeFile(new URL('prometheus-rule.yaml', flows), renderPrometheusRule(flowRules, 'zen-flow'));
} else process.stdout.write(renderPrometheusRule(withRunbooksAt(base, rules)));
