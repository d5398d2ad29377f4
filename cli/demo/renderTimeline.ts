/**
 * Draws a failover in characters: one row a pod, one column a question of the client.
 *
 * Pure. Guarantees: at most 80 columns, as long as names have at most 12 characters and there are
 * at most `MAX_CELLS` answers.
 */

import type { Answer } from './leaderClient.ts';

export interface Mark {
  readonly at: number;
  readonly text: string;
}

const LABEL_WIDTH = 15;
/** 80 columns less the label. */
export const MAX_CELLS = 64;

export interface Timeline {
  readonly names: readonly string[];
  /** In the order asked. */
  readonly answers: readonly Answer[];
  readonly marks: readonly Mark[];
  readonly cellMs: number;
}

export function renderTimeline({ names, answers, marks, cellMs }: Timeline): readonly string[] {
  const cells = answers.slice(-MAX_CELLS);
  const row = (name: string, who: string | null, sign: string) =>
    `   ${name}`.padEnd(LABEL_WIDTH) + cells.map((answer) => (answer.from === who ? sign : ' ')).join('');
  return [
    ...names.map((name) => row(name, name, '#')),
    row('no pod', null, 'x'),
    ...renderMarks(cells, marks),
    `${' '.repeat(LABEL_WIDTH)}one column is ${cellMs} ms`,
  ].map((line) => line.trimEnd());
}

/** One line for each mark, because two may fall on the same column. */
function renderMarks(cells: readonly Answer[], marks: readonly Mark[]): readonly string[] {
  const seen = marks.filter(({ at }) => cells[0] !== undefined && at >= cells[0].askedAt);
  return seen.map(({ at, text }) => {
    const after = cells.findIndex(({ askedAt }) => askedAt >= at);
    const column = after === -1 ? cells.length - 1 : after;
    const isLeftOf = column + 2 + text.length > MAX_CELLS;
    const pointed = isLeftOf ? `${text} ^`.padStart(column + 1) : `${' '.repeat(column)}^ ${text}`;
    return ' '.repeat(LABEL_WIDTH) + pointed;
  });
}
