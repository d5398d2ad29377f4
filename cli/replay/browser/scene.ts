/**
 * Names what the page shows at this moment, and where it stands on the screen.
 */

import type { Lane, Row, Timeline } from './lanes.ts';
import type { Viewport } from './viewport.ts';

/** Pixels: of a lane, of the axis above them, and left of a text. */
export const LANE = 40;
export const AXIS = 26;
export const PADDING = 8;

/** What the pointer is at. */
export interface Pointed {
  readonly lane: Lane;
  readonly row: Row;
}

export interface Scene {
  readonly timeline: Timeline;
  readonly viewport: Viewport;
  readonly lanes: readonly Lane[];
  readonly pointed: Pointed | null;
}
