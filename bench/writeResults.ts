/**
 * Writes one JSON file a run and the table of the latest run for people. Returns that table.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Setting } from './describeSetting.ts';
import type { Summary } from './summarize.ts';

interface FailoverResult {
  readonly setting: Setting;
  readonly floor: Summary;
  readonly zenLead: Summary;
}

const folder = join(import.meta.dirname, 'results');

export function writeResults(name: string, result: FailoverResult): string {
  mkdirSync(folder, { recursive: true });
  const day = result.setting.measuredAt.replaceAll(':', '').replace('T', '-').replace('Z', '');
  writeFileSync(join(folder, `${name}-${day}.json`), `${JSON.stringify(result, null, 2)}\n`);
  const table = toTable(result);
  writeFileSync(join(folder, `${name}.md`), table);
  return table;
}

function toTable({ setting, floor, zenLead }: FailoverResult): string {
  const row = (name: string, { samples, p50Ms, p99Ms, maxMs }: Summary): string =>
    `| ${name} | ${samples} | ${p50Ms} | ${p99Ms} | ${maxMs} |`;
  const ratio = (of: (summary: Summary) => number): string => `${(of(zenLead) / of(floor)).toFixed(2)} x`;
  return `# Failover latency

Pod status write acknowledged -> slice change seen by another client's watch, in milliseconds. \`node bench/measureFailover.ts\`.

| | samples | p50 | p99 | max |
|---|---|---|---|---|
${row('floor: the smallest watch -> PATCH loop', floor)}
${row('`zen-lead run`', zenLead)}
| ratio | | ${ratio(({ p50Ms }) => p50Ms)} | ${ratio(({ p99Ms }) => p99Ms)} | |

${setting.measuredAt} · ${setting.machine}, load ${setting.loadBefore} before · Node ${setting.node} · kube-apiserver ${setting.kubernetes}, etcd ${setting.etcd} (no fsync) · commit ${setting.commit}
`;
}
