/**
 * Names what `replay --html` writes into its page, and what the page's script reads.
 *
 * It is columns of numbers with a table for each kind of text: 100,000 reconciles take about 5 MB,
 * in memory and in the page.
 */

/** Columns of one length, whose numbers point into the tables. NOTHING where there is no text. */
export interface TimelineData {
  /** Epoch milliseconds of the first reconcile; `columns.at` counts from it. */
  readonly startAt: number;
  readonly tables: Readonly<
    Record<'services' | 'pods' | 'seen' | 'notes' | 'files' | 'reasons' | 'decisions', readonly string[]>
  >;
  readonly reasonTexts: readonly string[];
  readonly columns: Readonly<Record<TimelineColumn, readonly number[]>>;
}

export const NOTHING = -1;

export const timelineColumns = [
  'at',
  'service',
  'decision',
  'reason',
  'leader',
  'previous',
  'epoch',
  'seen',
  'note',
  'file',
  'line',
  'differs',
] as const;

export type TimelineColumn = (typeof timelineColumns)[number];
