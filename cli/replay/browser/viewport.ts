/**
 * Holds the part of the timeline that is in view: which time stands at which pixel, and how that
 * moves.
 *
 * Guarantees: it never leaves the timeline and its margins, and it is never shorter than
 * MIN_SPAN_MS.
 */

import type { Timeline } from './lanes.ts';

export interface Viewport {
  /** Milliseconds after the first reconcile. */
  readonly from: number;
  readonly until: number;
  /**
   * Pixels at the left that hold the names of Services; 0 on a phone, where each name stands above
   * its lane.
   */
  labelWidth(): number;
  xOf(at: number): number;
  atOf(x: number): number;
  show(from: number, until: number): void;
  showAll(): void;
  /** Around the instant at `x`, or around the middle. A factor under 1 shows less time. */
  zoom(factor: number, x?: number): void;
  /** By a share of what is in view; a negative share goes back in time. */
  move(share: number): void;
}

/** A reconcile takes some milliseconds: closer than this there is nothing to see. */
const MIN_SPAN_MS = 5;
const PHONE_WIDTH = 640;
const LABEL_WIDTH = 200;

export function createViewport({ wholeMs, marginMs }: Timeline, width: () => number, onChange: () => void): Viewport {
  let from = -marginMs;
  let until = wholeMs + marginMs;

  const labelWidth = () => (width() < PHONE_WIDTH ? 0 : LABEL_WIDTH);
  const laneWidth = () => width() - labelWidth();
  const atOf = (x: number) => from + ((x - labelWidth()) / laneWidth()) * (until - from);

  function show(start: number, end: number): void {
    const span = Math.min(Math.max(end - start, MIN_SPAN_MS), wholeMs + 2 * marginMs);
    from = Math.min(Math.max(start, -marginMs), wholeMs + marginMs - span);
    until = from + span;
    onChange();
  }

  return {
    get from() {
      return from;
    },
    get until() {
      return until;
    },
    labelWidth,
    xOf: (at) => labelWidth() + ((at - from) / (until - from)) * laneWidth(),
    atOf,
    show,
    showAll: () => show(-marginMs, wholeMs + marginMs),
    zoom(factor, x = labelWidth() + laneWidth() / 2) {
      const at = atOf(x);
      show(at - (at - from) * factor, at + (until - at) * factor);
    },
    move(share) {
      const by = (until - from) * share;
      show(from + by, until + by);
    },
  };
}
