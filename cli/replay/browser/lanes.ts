/**
 * Reads the data of the page of `replay --html` as lanes, one for each Service. A lane has the
 * reconciles in order of time, and a span for as long as one pod leads.
 */

import { NOTHING, type TimelineColumn, type TimelineData } from '../timelineData.ts';

/** The number of a reconcile in the columns of the data. */
export type Row = number;

export interface Span {
  /** Milliseconds after the first reconcile, as every instant here. */
  readonly start: number;
  end: number;
  /** In the table of pods; NOTHING while no pod leads. */
  readonly leader: number;
  /** The reconcile that began it. */
  readonly row: Row;
}

export interface Lane {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly spans: readonly Span[];
  /** A colour for each pod that led, in the order in which they led. */
  readonly colours: ReadonlyMap<number, string>;
}

export interface Timeline {
  readonly data: TimelineData;
  /** Sorted by name. */
  readonly lanes: readonly Lane[];
  readonly lastAt: number;
  /** How long the timeline is; a recording of one instant has a width, too. */
  readonly wholeMs: number;
  /**
   * Left and right of the recording, so that its first and last reconcile can be seen and pointed
   * at.
   */
  readonly marginMs: number;
}

/** Okabe and Ito: colour-blind people can distinguish them, too. */
const COLOURS = ['#0072b2', '#009e73', '#e69f00', '#cc79a7', '#56b4e9', '#d55e00', '#8a8f00', '#7a5195'];
const MIN_WHOLE_MS = 1_000;
const MARGIN = 0.02;

export function toTimeline(data: TimelineData): Timeline {
  const lastAt = data.columns.at.reduce((most, at) => Math.max(most, at), 0);
  const wholeMs = Math.max(lastAt, MIN_WHOLE_MS);
  const marginMs = wholeMs * MARGIN;
  const rowsOf = new Map<number, Row[]>(data.tables.services.map((_, service) => [service, []]));
  for (const [row, service] of data.columns.service.entries()) rowsOf.get(service)?.push(row);
  const lanes = data.tables.services.map((name, service) =>
    toLane(data, name, rowsOf.get(service) ?? [], wholeMs + marginMs),
  );
  return { data, lanes: lanes.sort((a, b) => (a.name < b.name ? -1 : 1)), lastAt, wholeMs, marginMs };
}

export function read(data: TimelineData, column: TimelineColumn, row: Row): number {
  return data.columns[column][row] ?? NOTHING;
}

/** Undefined where the recording does not hold what was decided. */
export function decisionOf(data: TimelineData, row: Row): string | undefined {
  return data.tables.decisions[read(data, 'decision', row)];
}

export function podName(data: TimelineData, pod: number): string {
  return data.tables.pods[pod] ?? 'no pod';
}

/** The first position in `rows` at or after an instant; their number where none is. */
export function findPosition(data: TimelineData, rows: readonly Row[], at: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (read(data, 'at', rows[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

function toLane(data: TimelineData, name: string, unsorted: readonly Row[], endAt: number): Lane {
  const rows = unsorted.toSorted((a, b) => read(data, 'at', a) - read(data, 'at', b) || a - b);
  const spans: Span[] = [];
  const colours = new Map<number, string>();
  for (const row of rows) {
    const decision = decisionOf(data, row);
    // An unknown decision and a refusal do not say which pod is routed to.
    if (decision === undefined || decision === 'refused') continue;
    const leader = read(data, 'leader', row);
    const last = spans.at(-1);
    if (leader !== NOTHING && !colours.has(leader)) colours.set(leader, COLOURS[colours.size % COLOURS.length] ?? '');
    if (last?.leader === leader) continue;
    const start = read(data, 'at', row);
    if (last !== undefined) last.end = start;
    spans.push({ start, end: endAt, leader, row });
  }
  return { name, rows, spans, colours };
}
