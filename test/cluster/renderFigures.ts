/**
 * Renders what the cluster suite has measured of failovers as clients see them: a table in Markdown
 * with a row for each kind of loss and each mode of kube-proxy.
 *
 * Guarantees: pure. Percentiles are values that were measured (nearest rank). The worst is always
 * shown, and so is the number of samples.
 */

import type { Setting } from '../../bench/describeSetting.ts';
import type { Sample } from './figures.ts';

export interface ClientFailovers {
  readonly setting: Setting;
  readonly samples: readonly Sample[];
}

const [begin, end] = ['<!-- client failovers: written by test/cluster/writeFigures.ts -->', '<!-- end of them -->'];

export function renderFigures({ setting, samples }: ClientFailovers): string {
  const groups = Map.groupBy(samples, ({ what, proxy }) => `${what.replace(/: dark time$/, '')} | ${proxy}`);
  const rows = [...groups].sort().map(([name, all]) => {
    const sorted = all.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
    const [p50, p90, worst] = [0.5, 0.9, 1].map((fraction) => sorted[Math.ceil(fraction * sorted.length) - 1]);
    return `| ${name} | ${sorted.length} | ${p50} | ${p90} | ${worst} |`;
  });
  const { measuredAt, machine, kubernetes, loadBefore } = setting;
  return [
    '| what happened to the leader | kube-proxy | failovers | p50, ms | p90, ms | worst, ms |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    `${measuredAt.slice(0, 10)} · ${machine} · Kubernetes ${kubernetes}, load ${loadBefore} before`,
  ].join('\n');
}

export function withFigures(page: string, failovers: ClientFailovers): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error('the page has no place for the failovers that clients see');
  return `${page.slice(0, from + begin.length)}\n\n${renderFigures(failovers)}\n\n${page.slice(to)}`;
}
