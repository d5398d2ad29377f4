/**
 * Draws the time above the lanes.
 */

import { type Canvas, fill } from './drawLanes.ts';
import { AXIS, PADDING, type Scene } from './scene.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Steps that people count in. */
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 30].map((minutes) => minutes * MINUTE),
  ...[1, 3, 6, 12].map((hours) => hours * HOUR),
  DAY,
  7 * DAY,
];
/** Pixels: room for a time with its milliseconds. */
const MIN_STEP = 110;

/** Each instant gets a line of this height, down from the axis. */
export function drawAxis({ pen, width, ink }: Canvas, { timeline, viewport }: Scene, lineHeight: number): void {
  const { startAt } = timeline.data;
  const { from, until } = viewport;
  const left = viewport.labelWidth();
  const step = STEPS.find((each) => (each / (until - from)) * (width - left) > MIN_STEP) ?? 7 * DAY;
  fill(pen, ink.paper, 0, 0, width, AXIS);
  pen.font = '11px system-ui, sans-serif';
  pen.textBaseline = 'middle';
  for (let at = Math.ceil((from + startAt) / step) * step - startAt; at < until; at += step) {
    const x = viewport.xOf(at);
    if (x < left) continue;
    fill(pen, ink.line, x, AXIS - 6, 1, lineHeight);
    pen.fillStyle = ink.dim;
    pen.fillText(formatStep(new Date(startAt + at).toISOString(), step), x + 4, AXIS / 2);
  }
  if (left > 0) {
    pen.fillStyle = ink.dim;
    pen.fillText(`${new Date(startAt + Math.max(from, 0)).toISOString().slice(0, 10)} UTC`, PADDING, AXIS / 2);
  }
  fill(pen, ink.line, 0, AXIS - 1, width, 1);
}

/** As much of an ISO instant as changes with each step. */
function formatStep(iso: string, step: number): string {
  if (step >= DAY) return iso.slice(0, 10);
  return step < SECOND ? iso.slice(11, 23) : iso.slice(11, 19);
}
