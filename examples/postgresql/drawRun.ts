/**
 * `node examples/postgresql/drawRun.ts RUN.json OUT.svg` draws what a writer saw while its primary
 * was lost in several ways: one line for each way, one tick for each acknowledged row, in the
 * colour of the instance that acknowledged it.
 */

import { readFileSync, writeFileSync } from 'node:fs';

export interface Story {
  readonly title: string;
  /** Epoch milliseconds at which the primary was lost. */
  readonly startedAt: number;
  readonly darkMs: number;
  readonly acknowledged: readonly { readonly answeredAt: number; readonly pod: string }[];
}

const beforeMs = 1_000;
const afterMs = 5_000;
const left = 190;
const width = 900;
const rowHeight = 44;
const colours: Readonly<Record<string, string>> = {
  'postgres-0': '#2f6fdf',
  'postgres-1': '#d9822b',
  'postgres-2': '#2e8b57',
};

export function drawRun(stories: readonly Story[]): string {
  const toX = (ms: number) => left + ((ms + beforeMs) / (beforeMs + afterMs)) * (width - left - 20);
  const height = 60 + stories.length * rowHeight + 30;
  const seconds = Array.from({ length: (beforeMs + afterMs) / 1_000 + 1 }, (_, index) => index - beforeMs / 1_000);
  const grid = seconds.map((second) => {
    const x = toX(second * 1_000).toFixed(1);
    const isLoss = second === 0;
    return `<line x1="${x}" y1="44" x2="${x}" y2="${height - 34}" stroke="${isLoss ? '#c0392b' : '#dddddd'}"/>
<text x="${x}" y="${height - 16}" text-anchor="middle" fill="#555555">${second} s</text>`;
  });
  const rows = stories.map(({ title, startedAt, darkMs, acknowledged }, index) => {
    const y = 48 + index * rowHeight;
    const ticks = acknowledged
      .map(({ answeredAt, pod }) => ({ ms: answeredAt - startedAt, pod }))
      .filter(({ ms }) => ms >= -beforeMs && ms <= afterMs)
      .map(
        ({ ms, pod }) =>
          `<rect x="${toX(ms).toFixed(1)}" y="${y}" width="1.5" height="26" fill="${colours[pod] ?? '#888888'}"/>`,
      );
    return `<text x="12" y="${y + 12}" fill="#222222">${title}</text>
<text x="12" y="${y + 27}" fill="#555555">dark for ${(darkMs / 1_000).toFixed(2)} s</text>
${ticks.join('\n')}`;
  });
  const legend = Object.entries(colours).map(
    ([pod, colour], index) =>
      `<rect x="${left + index * 120}" y="14" width="12" height="12" fill="${colour}"/><text x="${left + 18 + index * 120}" y="25" fill="#222222">${pod}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">
<title>Acknowledged rows before and after the primary was lost</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="12" y="25" fill="#222222">acknowledged rows by</text>
${legend.join('\n')}
${grid.join('\n')}
${rows.join('\n')}
</svg>
`;
}

if (process.argv[1] === import.meta.filename) {
  const [run = '', out = ''] = process.argv.slice(2);
  writeFileSync(out, drawRun(JSON.parse(readFileSync(run, 'utf8')) as readonly Story[]));
}
