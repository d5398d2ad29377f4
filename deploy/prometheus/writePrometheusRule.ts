/**
 * Writes prometheus-rule.yaml, for the Prometheus operator, from rules.yaml. `npm run pages` runs
 * it after a change of the rules.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { renderPrometheusRule } from './renderPrometheusRule.ts';

const rules = await readFile(new URL('./rules.yaml', import.meta.url), 'utf8');
await writeFile(new URL('./prometheus-rule.yaml', import.meta.url), renderPrometheusRule(rules));
