/**
 * Renders a flow as a page of HTML: its graph, and, where it has run, the state and the times of
 * each step.
 *
 * Guarantees: one file without scripts, fonts or addresses of others. Whatever a name or a
 * condition holds, it stays text.
 */

import { BOX, edgePath, type Placed, placeSteps, shorten } from '../../api/flows/graphLayout.ts';
import type { FlowSpec, Step } from '../../lib/flow/spec/flowSpec.ts';
import type { FlowStatusView, StepStatusView } from '../../lib/flow/state/snapshot.ts';
import { escapeHtml } from './escapeHtml.ts';
import { phaseColours, stepCondition, stepState } from './stepState.ts';

export interface DrawnFlow {
  readonly namespace: string;
  readonly name: string;
  readonly spec: FlowSpec;
  /** Null before it has run. */
  readonly status: FlowStatusView | null;
}

export function renderFlowHtml(flow: DrawnFlow): string {
  const { namespace, name, status } = flow;
  const title = escapeHtml(`${namespace}/${name}`);
  const said = status === null ? '' : `: ${status.phase}${status.reason === null ? '' : `, ${status.reason}`}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #202124; }
svg text { font: 12px system-ui, sans-serif; }
table { border-collapse: collapse; margin-top: 1.5em; }
td, th { padding: 3px 12px 3px 0; text-align: left; vertical-align: top; }
.bar { background: #8ab4f8; height: 10px; border-radius: 3px; min-width: 2px; }
</style>
</head>
<body>
<h1>${title}${escapeHtml(said)}</h1>
${drawGraph(flow)}
${status === null ? '' : renderTimes(status)}
</body>
</html>
`;
}

function drawGraph({ spec, status }: DrawnFlow): string {
  const { placed, edges, width, height } = placeSteps([spec.steps, spec.finally]);
  const seen = new Map((status?.steps ?? []).map((step) => [step.name, step]));
  const lines = edges.map((edge) => `<path d="${edgePath(edge)}" fill="none" stroke="#9aa0a6"/>`);
  const boxes = placed.map((each) => drawStep(each, seen.get(each.step.name)));
  return `<svg width="${width}" height="${height}" role="img">\n${[...lines, ...boxes].join('\n')}\n</svg>`;
}

function drawStep({ step, x, y }: Placed<Step>, seen: StepStatusView | undefined): string {
  const fill = phaseColours[seen?.phase ?? ''] ?? '#ffffff';
  const below = seen === undefined ? describe(step) : stepState(seen);
  const round = step.type === 'Manual' ? 22 : 4;
  const condition = stepCondition(step);
  const hint = condition === null ? '' : `<title>${escapeHtml(condition)}</title>`;
  return [
    `<g>${hint}<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="${round}" fill="${fill}" stroke="#5f6368"/>`,
    `<text x="${x + 10}" y="${y + 19}" font-weight="bold">${escapeHtml(shorten(step.name))}</text>`,
    `<text x="${x + 10}" y="${y + 36}">${escapeHtml(shorten(below))}</text></g>`,
  ].join('');
}

function describe(step: Step): string {
  if (step.type === 'Manual') return 'asks a person';
  if (step.forEach !== null) return 'for each item';
  return stepCondition(step) ?? '';
}

/** A bar for each step that has begun, from the start of the flow to its end so far. */
function renderTimes({ startedAt, endedAt, steps }: FlowStatusView): string {
  const from = startedAt ?? Math.min(...steps.map((step) => step.startedAt ?? Number.POSITIVE_INFINITY));
  const to = endedAt ?? Math.max(from, ...steps.map((step) => step.endedAt ?? step.startedAt ?? from));
  const percent = (at: number) => (Math.min(1, Math.max(0, (at - from) / Math.max(1, to - from))) * 100).toFixed(1);
  const rows = [...steps]
    .sort((a, b) => (a.startedAt ?? Number.POSITIVE_INFINITY) - (b.startedAt ?? Number.POSITIVE_INFINITY))
    .map(({ name, phase, reason, startedAt: begun, endedAt: over, retries }) => {
      const left = begun === null ? '0' : percent(begun);
      const wide = begun === null ? '0' : (Number(percent(over ?? to)) - Number(left)).toFixed(1);
      const bar = begun === null ? '' : `<div class="bar" style="margin-left:${left}%;width:${wide}%"></div>`;
      const cells = [name, stepState({ phase, reason }), String(retries + 1), toTime(begun), toTime(over)];
      return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}<td style="width:300px">${bar}</td></tr>`;
    });
  const head = ['step', 'state', 'attempt', 'start', 'end', ''].map((cell) => `<th>${cell}</th>`).join('');
  return `<table>\n<tr>${head}</tr>\n${rows.join('\n')}\n</table>`;
}

function toTime(at: number | null): string {
  return at === null || !Number.isFinite(at) ? '' : new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
