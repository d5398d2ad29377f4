/**
 * Finds the reconcile that a person points at, and the change of leader nearest to it.
 */

import { NOTHING } from '../timelineData.ts';
import { decisionOf, findPosition, type Lane, read, type Span } from './lanes.ts';
import { AXIS, LANE, type Pointed, type Scene } from './scene.ts';

/** Pixels: a mouse is that exact, and a finger nearly. */
const NEAR = 6;
/** Of thousands of reconciles on a few pixels, the pointer must not wait for all. */
const MAX_COMPARED = 500;

/**
 * The reconcile under the pointer; between two, the earlier, whose leader stands there. `y` counts
 * from the first lane, scrolled or not.
 */
export function findReconcile(scene: Scene, x: number, y: number, scrollTop: number): Pointed | null {
  const { timeline, viewport } = scene;
  const lane = scene.lanes[Math.floor((y + scrollTop - AXIS) / LANE)];
  if (lane === undefined || y < AXIS || lane.rows.length === 0) return null;
  const after = findPosition(timeline.data, lane.rows, viewport.atOf(x));
  const distance = (i: number) => distanceTo(scene, lane, i, x);
  const isAfterNearer = after === 0 || (after < lane.rows.length && distance(after) < distance(after - 1));
  const nearest = isAfterNearer ? after : after - 1;
  const found = distance(nearest) <= NEAR ? findMostTelling(scene, lane, nearest, x) : Math.max(0, after - 1);
  return { lane, row: lane.rows[found] ?? 0 };
}

/** The nearest change of leader after (`way` 1) or before (-1) an instant, in the lanes shown. */
export function findChange(lanes: readonly Lane[], at: number, way: 1 | -1): { lane: Lane; span: Span } | null {
  let best: { lane: Lane; span: Span } | null = null;
  for (const lane of lanes) {
    for (const span of lane.spans) {
      const isNearer = best === null || (span.start - best.span.start) * way < 0;
      if ((span.start - at) * way > 0 && isNearer) best = { lane, span };
    }
  }
  return best;
}

/** Of the reconciles within a few pixels, the one that changed something. */
function findMostTelling(scene: Scene, lane: Lane, nearest: number, x: number): number {
  let best = nearest;
  for (const way of [-1, 1]) {
    for (let compared = 1; compared <= MAX_COMPARED; compared += 1) {
      const i = nearest + way * compared;
      if (i < 0 || i >= lane.rows.length || distanceTo(scene, lane, i, x) > NEAR) break;
      if (weigh(scene, lane, i) > weigh(scene, lane, best)) best = i;
    }
  }
  return best;
}

function weigh({ timeline: { data } }: Scene, lane: Lane, i: number): number {
  const row = lane.rows[i] ?? 0;
  const decision = decisionOf(data, row);
  const isChange = decision === 'elected' || decision === 'lost';
  return read(data, 'differs', row) * 4 + (isChange ? 2 : 0) + (read(data, 'note', row) === NOTHING ? 0 : 1);
}

function distanceTo({ timeline, viewport }: Scene, lane: Lane, i: number, x: number): number {
  return Math.abs(viewport.xOf(read(timeline.data, 'at', lane.rows[i] ?? 0)) - x);
}
