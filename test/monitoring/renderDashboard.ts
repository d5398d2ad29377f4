/**
 * Renders the panels of a dashboard as one page of line charts, from the answers of a real
 * Prometheus.
 *
 * It shows whether each query returns something that can be drawn, and the name of it. Does not
 * guarantee that Grafana draws the same.
 */

import { z } from 'zod';

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const range = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), values: z.array(z.tuple([z.number(), z.string()])) }),
    ),
  }),
});

interface Line {
  readonly name: string;
  readonly points: readonly (readonly [at: number, value: number])[];
}

/** Pixels on a screen, for one of the 24 columns and for one unit of height. */
const COLUMN_PX = 58;
const UNIT_PX = 30;
/** About as long as the run has been scraped. */
const WINDOW_SECONDS = 15;
const CHART = { width: 200, height: 60 };
const COLORS = ['#3274d9', '#e0752d', '#629e51', '#bf1b00', '#962d82', '#0a437c', '#b7950b', '#6d1f62'];

export async function renderDashboard(
  panels: readonly Panel[],
  url: string,
  fill: (e: string) => string,
): Promise<string> {
  const now = Date.now() / 1_000;
  const cells = await Promise.all(
    panels.map(async (panel) => {
      if (panel.type === 'row') return place(panel, `<h2>${escapeHtml(panel.title)}</h2>`);
      const lines = await Promise.all(
        panel.targets.map(({ expr, legendFormat }) => readLines(url, fill(expr), legendFormat, now)),
      );
      return place(panel, `<h3>${escapeHtml(panel.title)}</h3>${draw(lines.flat(), now)}`);
    }),
  );
  const style =
    'body{font:12px sans-serif;position:relative}section{position:absolute;box-sizing:border-box;overflow:hidden;border:1px solid #ddd;padding:4px}h2,h3{margin:0}svg{width:100%;height:55%}';
  return `<!doctype html><meta charset="utf-8"><title>zen-lead</title><style>${style}</style>${cells.join('\n')}`;
}

async function readLines(url: string, expr: string, legend: string, now: number): Promise<readonly Line[]> {
  const query = new URLSearchParams({ query: expr, start: String(now - WINDOW_SECONDS), end: String(now), step: '1' });
  const response = await fetch(`${url}/api/v1/query_range?${query}`, { signal: AbortSignal.timeout(10_000) });
  const { data } = range.parse(await response.json());
  return data.result.map(({ metric, values }) => ({
    name: legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? ''),
    points: values.map(([at, value]) => [at, Number(value)] as const).filter(([, value]) => Number.isFinite(value)),
  }));
}

function place({ gridPos: { x, y, w, h } }: Panel, content: string): string {
  const box = `left:${x * COLUMN_PX}px;top:${y * UNIT_PX}px;width:${w * COLUMN_PX - 6}px;height:${h * UNIT_PX - 6}px`;
  return `<section style="${box}">${content}</section>`;
}

function draw(lines: readonly Line[], now: number): string {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const max = Math.max(...values, 1e-9);
  const paths = lines.map(({ points }, index) => {
    const path = points.map(
      ([at, value]) =>
        `${((at - now + WINDOW_SECONDS) / WINDOW_SECONDS) * CHART.width},${CHART.height - (value / max) * CHART.height}`,
    );
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${COLORS[index % COLORS.length]}" vector-effect="non-scaling-stroke"/>`;
  });
  const names = lines.map(({ name, points }, index) => {
    const last = points.at(-1)?.[1];
    return `<span style="color:${COLORS[index % COLORS.length]}">${escapeHtml(name)} ${last?.toPrecision(3) ?? '-'}</span>`;
  });
  const box = `viewBox="0 0 ${CHART.width} ${CHART.height}" preserveAspectRatio="none"`;
  return `<svg ${box}>${paths.join('')}</svg><div>max ${max.toPrecision(3)} · ${names.join(' · ') || 'nothing'}</div>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
