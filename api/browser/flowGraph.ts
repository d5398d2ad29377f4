/** drawFlow: draws one flow on the live page, as a graph and as a table. */

import type { FlowGraph, FlowStepStatus } from '../flows/flowStatus.ts';
import { BOX, edgePath, type Placed, placeSteps, shorten } from '../flows/graphLayout.ts';
import { findElement, makeElement } from './elements.ts';

/** A larger graph is a wall of boxes, and slow to draw; the table has every step. */
const MAX_DRAWN = 300;

const title = findElement('chosen-title', HTMLElement);
const graph = findElement('graph', HTMLElement);
const rows = findElement('steps', HTMLTableElement);

export function drawFlow(flow: FlowGraph): void {
  const { namespace, name, phase, reason, steps } = flow;
  title.textContent = `${namespace}/${name}: ${[phase, reason].filter((part) => part !== null).join(' ')}`;
  graph.replaceChildren(
    steps.length > MAX_DRAWN
      ? makeElement('p', 'large', `${steps.length} steps are too many for a graph; the table has them`)
      : drawGraph(steps),
  );
  rows.tBodies[0]?.replaceChildren(...steps.map(makeRow));
}

function drawGraph(steps: readonly FlowStepStatus[]): SVGElement {
  const lists = [steps.filter(({ isFinal }) => !isFinal), steps.filter(({ isFinal }) => isFinal)];
  const { placed, edges, width, height } = placeSteps(lists);
  const svg = makeSvg('svg', {
    width,
    height,
    role: 'img',
    'aria-label': 'What follows what; the table below has the same',
  });
  svg.append(...edges.map((edge) => makeSvg('path', { d: edgePath(edge), class: 'edge' })), ...placed.map(drawStep));
  return svg;
}

function drawStep({ step, x, y }: Placed<FlowStepStatus>): SVGElement {
  const box = makeSvg('g', { class: step.phase });
  const rx = step.isManual ? 22 : 4;
  box.append(
    makeSvg('rect', { x, y, width: BOX.width, height: BOX.height, rx }),
    makeSvg('text', { x: x + 10, y: y + 19, class: 'name' }, shorten(step.name)),
    makeSvg('text', { x: x + 10, y: y + 36 }, shorten(stateOf(step))),
  );
  return box;
}

function makeRow(step: FlowStepStatus): HTMLElement {
  const row = document.createElement('tr');
  row.append(
    ...[step.name, stateOf(step), String(step.attempt), timeOf(step.startedAt), timeOf(step.endedAt)].map((text) =>
      makeElement('td', '', text),
    ),
  );
  return row;
}

function stateOf({ phase, reason }: FlowStepStatus): string {
  return reason === null ? phase : `${phase} ${reason}`;
}

function timeOf(at: string | null): string {
  return at === null ? '' : new Date(at).toLocaleTimeString();
}

function makeSvg(tag: string, attributes: Readonly<Record<string, string | number>>, text = ''): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== '') made.textContent = text;
  return made;
}
