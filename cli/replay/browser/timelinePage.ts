/**
 * Shows a recording as lanes on the page of `replay --html`, with mouse, keyboard, wheel and touch.
 */

import { findElement, oncePerFrame } from '../../../api/browser/elements.ts';
import { describeReconcile, describeTimeline } from './describeReconcile.ts';
import { drawLanes } from './drawLanes.ts';
import { findChange, findReconcile } from './findReconcile.ts';
import { read, toTimeline } from './lanes.ts';
import { AXIS, LANE, type Pointed, type Scene } from './scene.ts';
import { createViewport } from './viewport.ts';

const canvas = findElement('lanes', HTMLCanvasElement);
const scroll = findElement('scroll', HTMLElement);
const space = findElement('space', HTMLElement);
const tip = findElement('tip', HTMLElement);
const filter = findElement('filter', HTMLInputElement);

const timeline = toTimeline(JSON.parse(findElement('data', HTMLScriptElement).text));
const redraw = oncePerFrame(() => drawLanes(canvas, scroll, scene()));
const viewport = createViewport(timeline, () => canvas.clientWidth, redraw);
let lanes = timeline.lanes;
let pointed: Pointed | null = null;

function scene(): Scene {
  return { timeline, viewport, lanes, pointed };
}

function layOut(): void {
  // The canvas is as large as the window; this makes it scroll as far as there are lanes.
  space.style.height = `${Math.max(0, AXIS + lanes.length * LANE - scroll.clientHeight)}px`;
  redraw();
}

function point(found: Pointed | null): void {
  pointed = found;
  if (found === null) {
    tip.textContent = 'Point at a lane, or tap it.';
  } else {
    const { title, lines } = describeReconcile(timeline.data, found);
    const heading = document.createElement('b');
    heading.textContent = title;
    tip.replaceChildren(heading, `\n${lines.join('\n')}`);
  }
  redraw();
}

function filterLanes(text: string): void {
  lanes = timeline.lanes.filter(({ name }) => name.includes(text));
  scroll.scrollTop = 0;
  point(null);
  layOut();
}

function goToChange(way: 1 | -1): void {
  const at = pointed === null ? way * Number.NEGATIVE_INFINITY : read(timeline.data, 'at', pointed.row);
  const found = findChange(lanes, at, way);
  if (found === null) return;
  const { lane, span } = found;
  if (span.start < viewport.from || span.start > viewport.until) {
    const half = (viewport.until - viewport.from) / 2;
    viewport.show(span.start - half, span.start + half);
  }
  scroll.scrollTop = Math.max(0, lanes.indexOf(lane) * LANE - scroll.clientHeight / 2);
  point({ lane, row: span.row });
}

/** Where a drag began, in pixels and in time. */
let drag: { readonly x: number; readonly from: number; readonly until: number } | null = null;

canvas.addEventListener('pointerdown', (event) => {
  drag = { x: event.offsetX, from: viewport.from, until: viewport.until };
  point(findReconcile(scene(), event.offsetX, event.offsetY, scroll.scrollTop));
  if (event.pointerType === 'mouse') canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener('pointermove', (event) => {
  if (drag === null) {
    point(findReconcile(scene(), event.offsetX, event.offsetY, scroll.scrollTop));
    return;
  }
  const { x, from, until } = drag;
  const by = ((x - event.offsetX) / (canvas.clientWidth - viewport.labelWidth())) * (until - from);
  viewport.show(from + by, until + by);
});
for (const end of ['pointerup', 'pointercancel']) {
  canvas.addEventListener(end, () => {
    drag = null;
  });
}
canvas.addEventListener('dblclick', (event) => viewport.zoom(0.25, event.offsetX));
// The wheel zooms. Where more lanes are there than fit, it scrolls, and zooms with Ctrl, which a
// pinch on a touchpad sends, too.
canvas.addEventListener(
  'wheel',
  (event) => {
    const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!event.ctrlKey && !isSideways && AXIS + lanes.length * LANE > scroll.clientHeight) return;
    event.preventDefault();
    if (isSideways) viewport.move(event.deltaX / 1_000);
    else viewport.zoom(Math.exp(Math.max(-200, Math.min(200, event.deltaY)) / 400), event.offsetX);
  },
  { passive: false },
);
scroll.addEventListener('scroll', redraw);
new ResizeObserver(layOut).observe(scroll);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);

const zoomIn = () => viewport.zoom(0.5);
const zoomOut = () => viewport.zoom(2);
const goBack = () => goToChange(-1);
const goForth = () => goToChange(1);
const actions = new Map<string, () => void>([
  ['+', zoomIn],
  ['=', zoomIn],
  ['-', zoomOut],
  ['0', viewport.showAll],
  ['ArrowLeft', () => viewport.move(-0.2)],
  ['ArrowRight', () => viewport.move(0.2)],
  ['p', goBack],
  ['n', goForth],
]);
document.addEventListener('keydown', (event) => {
  const act = actions.get(event.key);
  if (act === undefined || event.target === filter || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  act();
});
for (const [id, act] of [
  ['in', zoomIn],
  ['out', zoomOut],
  ['fit', viewport.showAll],
  ['previous', goBack],
  ['next', goForth],
] as const) {
  findElement(id, HTMLButtonElement).addEventListener('click', act);
}
filter.addEventListener('input', () => filterLanes(filter.value.trim()));

findElement('summary', HTMLElement).textContent = describeTimeline(timeline);
filterLanes('');
