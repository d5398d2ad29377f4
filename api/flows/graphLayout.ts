/** placeSteps: where each step of a flow stands in its graph. Pure, and for the browser too. */

import { orderSteps } from '../../lib/flow/spec/order.ts';

export interface DrawnStep {
  readonly name: string;
  readonly dependencies: readonly string[];
}

export interface Placed<Step> {
  readonly step: Step;
  /** Of the upper left corner. */
  readonly x: number;
  readonly y: number;
}

export interface Layout<Step> {
  readonly placed: readonly Placed<Step>[];
  /** From each dependency to what depends on it. */
  readonly edges: readonly { readonly from: Placed<Step>; readonly to: Placed<Step> }[];
  readonly width: number;
  readonly height: number;
}

export const BOX = { width: 200, height: 46, gapX: 70, gapY: 18, margin: 20 } as const;

/** `lists`: the steps and those of `finally`, whose columns follow the last one. */
export function placeSteps<Step extends DrawnStep>(lists: readonly (readonly Step[])[]): Layout<Step> {
  const placed = new Map<string, Placed<Step>>();
  const rows = new Map<number, number>();
  let first = 0;
  for (const list of lists) {
    const byName = new Map(list.map((step) => [step.name, step]));
    const depths = new Map<string, number>();
    for (const name of orderSteps(list).sorted) {
      const step = byName.get(name);
      if (step === undefined) continue;
      const depth = Math.max(first - 1, ...step.dependencies.map((each) => depths.get(each) ?? first - 1)) + 1;
      depths.set(name, depth);
      const row = rows.get(depth) ?? 0;
      rows.set(depth, row + 1);
      const x = BOX.margin + depth * (BOX.width + BOX.gapX);
      placed.set(name, { step, x, y: BOX.margin + row * (BOX.height + BOX.gapY) });
    }
    first = Math.max(first, ...[...depths.values()].map((depth) => depth + 1));
  }
  const all = [...placed.values()];
  const edges = all.flatMap((to) =>
    to.step.dependencies.flatMap((name) => {
      const from = placed.get(name);
      return from === undefined ? [] : [{ from, to }];
    }),
  );
  const width = Math.max(0, ...all.map(({ x }) => x)) + BOX.width + BOX.margin;
  const height = Math.max(0, ...all.map(({ y }) => y)) + BOX.height + BOX.margin;
  return { placed: all, edges, width, height };
}

/** The path of an edge in SVG. */
export function edgePath({ from, to }: Layout<unknown>['edges'][number]): string {
  const [x1, y1, x2, y2] = [from.x + BOX.width, from.y + BOX.height / 2, to.x, to.y + BOX.height / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}

const SHOWN = 28;

/** So that a text stays in its box. */
export function shorten(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 1)}…`;
}
