/**
 * Draws the timeline on one canvas as large as the window.
 *
 * Guarantees: draws only the lanes and the time in view, and of many marks on one pixel one, so
 * that 100,000 reconciles move smoothly.
 */

import { NOTHING } from '../timelineData.ts';
import { drawAxis } from './drawAxis.ts';
import { decisionOf, findPosition, type Lane, podName, read } from './lanes.ts';
import { AXIS, LANE, PADDING, type Scene } from './scene.ts';

export interface Canvas {
  readonly pen: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly ink: Ink;
}

type Ink = Readonly<Record<(typeof inks)[number], string>>;

const inks = ['ink', 'dim', 'paper', 'line', 'band', 'bad', 'warn', 'odd', 'mark'] as const;
/** A mark is as wide as this on each side of its instant. */
const MARK = 4;

export function drawLanes(element: HTMLCanvasElement, scroll: HTMLElement, scene: Scene): void {
  const canvas = prepare(element, scroll);
  const { pen, width, height, ink } = canvas;
  const top = scroll.scrollTop;
  const first = Math.max(0, Math.floor((top - AXIS) / LANE));
  const shown = scene.lanes.slice(first, Math.ceil((top + height) / LANE));
  const yOf = (index: number) => AXIS + (first + index) * LANE - top;

  fill(pen, ink.paper, 0, 0, width, height);
  for (const index of shown.keys()) if ((first + index) % 2 === 1) fill(pen, ink.band, 0, yOf(index), width, LANE);
  drawAxis(canvas, scene, height);
  for (const [index, lane] of shown.entries()) drawLane(canvas, scene, lane, yOf(index));
  // Above the lanes that scroll under it.
  drawAxis(canvas, scene, 6);
}

export function fill(
  pen: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  width: number,
  height: number,
) {
  pen.fillStyle = colour;
  pen.fillRect(x, y, width, height);
}

function prepare(element: HTMLCanvasElement, { clientWidth: width, clientHeight: height }: HTMLElement): Canvas {
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  // Setting the size clears the canvas, also to the size that it has.
  if (element.width !== wide || element.height !== high) {
    element.width = wide;
    element.height = high;
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
  }
  const pen = element.getContext('2d');
  if (pen === null) throw new Error('this browser draws no canvas');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { pen, width, height, ink: readInk() };
}

function readInk(): Ink {
  const style = getComputedStyle(document.documentElement);
  const { ink, dim, paper, line, band, bad, warn, odd, mark } = Object.fromEntries(
    inks.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
  ) as Ink;
  return { ink, dim, paper, line, band, bad, warn, odd, mark };
}

function drawLane(canvas: Canvas, scene: Scene, lane: Lane, y: number): void {
  const { pen, width, ink } = canvas;
  const { timeline, viewport, pointed } = scene;
  const left = viewport.labelWidth();
  const bar: Bar = left > 0 ? { top: y + 12, height: 20 } : { top: y + 18, height: 16 };

  pen.save();
  clip(pen, left, y, width - left, LANE);
  pen.font = '11px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  drawSpans(canvas, scene, lane, bar);
  drawMarks(canvas, scene, lane, bar);
  if (pointed?.lane === lane) {
    const x = Math.round(viewport.xOf(read(timeline.data, 'at', pointed.row)));
    fill(pen, ink.ink, x - 0.5, y, 1.5, LANE);
  }
  pen.restore();

  pen.save();
  if (left > 0) clip(pen, 0, y, left - 6, LANE);
  pen.font = '13px system-ui, sans-serif';
  pen.fillStyle = ink.ink;
  pen.textBaseline = left > 0 ? 'middle' : 'top';
  pen.fillText(lane.name, PADDING, left > 0 ? y + LANE / 2 + 2 : y + 2);
  pen.restore();
}

interface Bar {
  readonly top: number;
  readonly height: number;
}

function drawSpans({ pen, width, ink }: Canvas, { timeline, viewport }: Scene, lane: Lane, bar: Bar): void {
  const left = viewport.labelWidth();
  for (const { start, end, leader } of lane.spans) {
    if (end < viewport.from || start > viewport.until) continue;
    const x = Math.max(viewport.xOf(start), left - 5);
    const wide = Math.max(Math.min(viewport.xOf(end), width + 5) - x, 1);
    const isLed = leader !== NOTHING;
    if (isLed) fill(pen, lane.colours.get(leader) ?? '', x, bar.top, wide, bar.height);
    else drawHatch(pen, x, bar.top, wide, bar.height, ink.bad);
    const text = podName(timeline.data, leader);
    if (wide <= 40) continue;
    const textWidth = pen.measureText(text).width;
    if (textWidth >= wide - 10) continue;
    const textX = Math.max(x, left) + 6;
    if (!isLed) fill(pen, ink.paper, textX - 3, bar.top + 2, textWidth + 6, bar.height - 4);
    pen.fillStyle = isLed ? '#fff' : ink.bad;
    pen.fillText(text, textX, bar.top + bar.height / 2 + 0.5);
  }
}

/** A tick for each reconcile; above it a mark for what a person should see. */
function drawMarks({ pen, ink }: Canvas, { timeline: { data }, viewport }: Scene, lane: Lane, bar: Bar): void {
  let tickX = -1;
  let markX = -1;
  for (let i = findPosition(data, lane.rows, viewport.from); i < lane.rows.length; i += 1) {
    const row = lane.rows[i] ?? 0;
    if (read(data, 'at', row) > viewport.until) return;
    const x = Math.round(viewport.xOf(read(data, 'at', row)));
    if (x !== tickX) fill(pen, ink.dim, x, bar.top + bar.height, 1, 3);
    tickX = x;
    const decision = decisionOf(data, row);
    const isTrouble = decision === 'lost' || decision === 'refused' || read(data, 'note', row) !== NOTHING;
    const differs = read(data, 'differs', row) === 1;
    if (differs || ((decision === 'elected' || isTrouble) && x !== markX)) {
      markX = x;
      if (decision === 'elected') drawTriangle(pen, ink.mark, x, bar.top);
      else if (isTrouble) fill(pen, decision === 'kept' ? ink.warn : ink.bad, x - 1, bar.top - 6, 2, 6);
      if (differs) drawDiamond(pen, ink.odd, x, bar.top - 3);
    }
  }
}

function drawTriangle(pen: CanvasRenderingContext2D, colour: string, x: number, bottom: number): void {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(x - MARK, bottom - 7);
  pen.lineTo(x + MARK, bottom - 7);
  pen.lineTo(x, bottom);
  pen.fill();
}

function drawDiamond(pen: CanvasRenderingContext2D, colour: string, x: number, y: number): void {
  pen.save();
  pen.translate(x, y);
  pen.rotate(Math.PI / 4);
  fill(pen, colour, -MARK, -MARK, 2 * MARK, 2 * MARK);
  pen.restore();
}

function drawHatch(pen: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, colour: string) {
  pen.save();
  clip(pen, x, y, width, height);
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.beginPath();
  // From a multiple of 6, so that the hatch stands still while its span moves.
  for (let at = x - height - ((x - height) % 6); at < x + width; at += 6) {
    pen.moveTo(at, y + height);
    pen.lineTo(at + height, y);
  }
  pen.stroke();
  pen.restore();
}

function clip(pen: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  pen.beginPath();
  pen.rect(x, y, width, height);
  pen.clip();
}
