/**
 * Collects the passes of a replay for one page in a browser (`zen-flow replay --html`): a lane for
 * each step, with a bar for each attempt.
 *
 * Guarantees: the page is one file without scripts, fonts or addresses of others. No text of the
 * recording becomes markup. What it holds is bounded, and it says what it left out.
 */

import { formatRfc3339 } from '../../../lib/events/rfc3339.ts';
import { renderHtmlDocument } from '../../replay/htmlDocument.ts';
import { escapeHtml } from '../escapeHtml.ts';
import { passOutcomeOf, type ReplayedPass } from './decidePassAgain.ts';

export interface FlowTimeline {
  add(replayed: ReplayedPass): void;
  render(): string;
}

/** A browser still draws so many bars, some 30 MB of page. */
const MAX_BARS = 100_000;
const WIDTH = 900;
const ROW = 20;

interface Bar {
  readonly phase: string;
  readonly label: string;
  readonly from: number;
  to: number | null;
}

interface Lane {
  readonly bars: Bar[];
  /** What the step waits for or does now, by phase and attempt. */
  open: Bar | null;
}

interface Flow {
  readonly lanes: Map<string, Lane>;
  readonly differences: string[];
  phase: string;
  from: number;
  to: number;
}

const style = `
body { font: 14px/1.5 system-ui, sans-serif; margin: 2em; color: #202124; background: #fff; }
h2 { font-size: 1.1em; margin: 1.5em 0 0.3em; }
svg { max-width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: #202124; }
.Running { fill: #1a73e8; } .PendingApproval { fill: #f9ab00; } .Backoff { fill: #c58af9; }
.Succeeded { fill: #1e8e3e; } .Failed { fill: #d93025; } .Skipped { fill: #80868b; }
ul { padding-left: 1.2em; }
`;

export function createFlowTimeline(): FlowTimeline {
  const flows = new Map<string, Flow>();
  let bars = 0;
  let leftOut = 0;

  function flowOf(key: string, at: number): Flow {
    const known = flows.get(key);
    if (known !== undefined) return known;
    const flow = { lanes: new Map(), differences: [], phase: '', from: at, to: at };
    flows.set(key, flow);
    return flow;
  }

  return {
    add(replayed) {
      const { pass, differs } = replayed;
      const outcome = passOutcomeOf(replayed);
      if (outcome === null) return;
      const key = `${pass.flow.namespace}/${pass.flow.name}`;
      const changed = outcome.changes.length;
      if (bars + Math.max(1, changed) > MAX_BARS) {
        leftOut += 1;
        return;
      }
      const flow = flowOf(key, pass.at);
      bars += Math.max(changed, flow.phase === '' ? 1 : 0);
      flow.phase = [outcome.phase, outcome.reason].filter((part) => part !== null).join(' ') || flow.phase;
      flow.from = Math.min(flow.from, pass.at);
      flow.to = Math.max(flow.to, pass.at);
      for (const { step, to, reason, attempt } of outcome.changes) {
        const lane = flow.lanes.get(step) ?? { bars: [], open: null };
        flow.lanes.set(step, lane);
        if (isOpen(lane, to, attempt)) continue;
        if (lane.open !== null) lane.open.to = pass.at;
        const phase = to === 'Pending' ? (reason ?? to) : to;
        const label = [to, reason, `attempt ${attempt}`].filter((part) => part !== null).join(', ');
        const bar = { phase, label, from: pass.at, to: null };
        lane.bars.push(bar);
        lane.open = bar;
      }
      if (differs && flow.differences.length < 100)
        flow.differences.push(`${formatRfc3339(pass.at)}: decided otherwise today`);
    },
    render() {
      const sections = [...flows].map(([key, flow]) => renderFlow(key, flow));
      const rest = leftOut === 0 ? '' : `<p>${leftOut} passes are left out: the page would be too large.</p>`;
      const none = flows.size === 0 ? '<p>No pass over any flow.</p>' : '';
      const body = `<main>\n<h1>zen-flow timeline</h1>\n${none}${sections.join('\n')}${rest}\n</main>`;
      return renderHtmlDocument({ title: 'zen-flow timeline', style, body });
    },
  };
}

/** A recorder writes nothing, so it decides the same again until the record says it. */
function isOpen({ open }: Lane, to: string, attempt: number): boolean {
  return open?.label.startsWith(`${to},`) === true && open.label.endsWith(`attempt ${attempt}`);
}

function renderFlow(key: string, { lanes, differences, phase, from, to }: Flow): string {
  const names = [...lanes.keys()];
  const span = Math.max(1, to - from);
  const left = 220;
  const x = (at: number) => left + Math.min(1, Math.max(0, (at - from) / span)) * WIDTH;
  const rows = names.flatMap((name, row) => {
    const y = row * ROW;
    const bars = lanes.get(name)?.bars ?? [];
    return [
      `<text x="0" y="${y + 14}">${escapeHtml(name.slice(0, 30))}</text>`,
      ...bars.map((bar) => renderBar(bar, { x, y, end: to, name })),
    ];
  });
  const list = differences.map((each) => `<li>${escapeHtml(each)}</li>`);
  return `<section>
<h2>${escapeHtml(key)}: ${escapeHtml(phase)}</h2>
<p>${formatRfc3339(from)} to ${formatRfc3339(to)}</p>
<svg viewBox="0 0 ${left + WIDTH + 10} ${Math.max(1, names.length) * ROW}" role="img" aria-label="${escapeHtml(`Steps of ${key}, over time`)}">
${rows.join('\n')}
</svg>
${list.length === 0 ? '' : `<ul>${list.join('')}</ul>`}
</section>`;
}

interface Placed {
  readonly x: (at: number) => number;
  readonly y: number;
  readonly end: number;
  readonly name: string;
}

/** A step that has ended is marked where it did. */
function renderBar({ phase, label, from, to }: Bar, { x, y, end, name }: Placed): string {
  const isEnd = phase === 'Succeeded' || phase === 'Failed' || phase === 'Skipped';
  const width = isEnd ? 4 : Math.max(2, x(to ?? end) - x(from));
  const kind = /^[A-Za-z]+$/.test(phase) ? phase : 'other';
  const title = escapeHtml(`${name}: ${label}, ${formatRfc3339(from)}`);
  return `<rect class="${kind}" x="${x(from).toFixed(1)}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW - 7}"><title>${title}</title></rect>`;
}
