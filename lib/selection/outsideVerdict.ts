/**
 * OutsideVerdict: what a caller from outside says of a pod, such as an alert or an operator
 * (docs/reference/annotations.md#verdicts-from-outside). They stand on the slice that holds the
 * record, so a snapshot, a replay and a function that starts again have them all.
 *
 * Guarantees: pure. A text of any size is read in one pass or not at all. A verdict counts until
 * its end and no longer (S13). One that ends later than a verdict may was given by a wrong clock,
 * and does not count until its end is near enough.
 */

import { MAX_AHEAD_MS } from './fitness.ts';
import type { Uid } from './snapshot.ts';

export interface OutsideVerdict {
  readonly pod: Uid;
  readonly fit: boolean;
  /** Epoch milliseconds. */
  readonly until: number;
  /** The caller. Each has one verdict on a pod. */
  readonly by: string;
  readonly reason: string;
}

export const MAX_VERDICTS = 16;
/** In UTF-8, as the annotation holds them. */
export const MAX_VERDICTS_BYTES = 4_096;
export const MAX_REPORT_REASON_LENGTH = 128;
/** `system:serviceaccount:`, a namespace and a name have 339 characters. */
export const MAX_REPORTER_LENGTH = 512;
export const verdictSeconds = { least: 1, most: 3_600, fallback: 300 } as const;

const LONGEST_MS = verdictSeconds.most * 1_000 + MAX_AHEAD_MS;

/** Leaves out what cannot be read. The oldest first, as they stand there. */
export function parseVerdicts(text: string | undefined): readonly OutsideVerdict[] {
  if (text === undefined || bytesOf(text) > MAX_VERDICTS_BYTES) return [];
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return [];
  }
  return Array.isArray(entries) ? entries.slice(-MAX_VERDICTS).flatMap(readEntry) : [];
}

function readEntry(entry: unknown): readonly OutsideVerdict[] {
  const { pod, fit, until, by, reason } = (entry ?? {}) as Partial<Record<keyof OutsideVerdict, unknown>>;
  if (typeof pod !== 'string' || typeof fit !== 'boolean' || typeof by !== 'string') return [];
  if (typeof until !== 'number' || !Number.isSafeInteger(until) || until < 0) return [];
  return [{ pod: pod as Uid, fit, until, by, reason: typeof reason === 'string' ? reason : '' }];
}

export function formatVerdicts(verdicts: readonly OutsideVerdict[]): string {
  return JSON.stringify(verdicts.map(({ pod, fit, until, by, reason }) => ({ pod, fit, until, by, reason })));
}

export function liveVerdicts(verdicts: readonly OutsideVerdict[], now: number): readonly OutsideVerdict[] {
  return verdicts.filter(({ until }) => now < until && until - now <= LONGEST_MS);
}

/** The pods that a caller reports unfit. Undefined where there are none. */
export function reportedUnfit(verdicts: readonly OutsideVerdict[], now: number): ReadonlySet<Uid> | undefined {
  const unfit = liveVerdicts(verdicts, now).filter(({ fit }) => !fit);
  return unfit.length === 0 ? undefined : new Set(unfit.map(({ pod }) => pod));
}

/** When a verdict next ends, or begins to count. Null where none does. */
export function nextVerdictEndAt(verdicts: readonly OutsideVerdict[], now: number): number | null {
  const instants = verdicts.flatMap(({ until }) => [until, until - LONGEST_MS]).filter((at) => at > now);
  return instants.length === 0 ? null : Math.min(...instants);
}

/**
 * Adds a verdict, which replaces what the same caller said of the same pod. A `fit` takes back the
 * caller's own word and adds none. Where there is no room, the oldest goes.
 */
export function withVerdict(
  known: readonly OutsideVerdict[],
  verdict: OutsideVerdict,
  now: number,
): readonly OutsideVerdict[] {
  const isReplaced = ({ pod, by }: OutsideVerdict): boolean => pod === verdict.pod && by === verdict.by;
  const live = liveVerdicts(known, now);
  if (verdict.fit && !live.some((each) => isReplaced(each) && !each.fit)) return known;
  return withinBounds([...live.filter((each) => !isReplaced(each)), verdict]);
}

/**
 * What stands with an election once it has elected this pod. Of what was said of the pod and had
 * ended by the clock of that function, nothing counts any more. A function whose clock is behind
 * would leave the pod again, and the two would go on until the verdict has ended for both.
 *
 * `others`: what stands with siblings, whose slices this election does not write. An entry of the
 * same end takes the place of theirs.
 */
export function afterElection(
  own: readonly OutsideVerdict[],
  others: readonly OutsideVerdict[],
  pod: Uid,
  now: number,
): readonly OutsideVerdict[] {
  const isOver = (each: OutsideVerdict): boolean => each.pod === pod && liveVerdicts([each], now).length === 0;
  const restated = others.filter((each) => isOver(each) && !each.fit).map((each) => ({ ...each, fit: true }));
  if (restated.length === 0 && !own.some(isOver)) return own;
  return withinBounds([...own.filter((each) => !isOver(each)), ...restated]);
}

/**
 * What an election holds once it has taken over `left`, which stands with elections that are about
 * to go. What a caller has said since counts. The same list where there is nothing to take over.
 */
export function withInherited(
  own: readonly OutsideVerdict[],
  left: readonly OutsideVerdict[],
  now: number,
): readonly OutsideVerdict[] {
  const isKnown = ({ pod, by }: OutsideVerdict): boolean => own.some((each) => each.pod === pod && each.by === by);
  // Bounded before what is known is left out, or two full lists would take turns.
  const missing = withinBounds(liveVerdicts(left, now)).filter((each) => !isKnown(each));
  return missing.length === 0 ? own : withinBounds([...own, ...missing]);
}

/** Where both say something of one caller until one instant, the election's own word counts. */
export function joinVerdicts(
  own: readonly OutsideVerdict[],
  others: readonly OutsideVerdict[],
): readonly OutsideVerdict[] {
  const isSame = (a: OutsideVerdict, b: OutsideVerdict): boolean =>
    a.pod === b.pod && a.by === b.by && a.until === b.until;
  return [...own, ...others.filter((other) => !own.some((each) => isSame(each, other)))];
}

/** The oldest go. */
function withinBounds(verdicts: readonly OutsideVerdict[]): readonly OutsideVerdict[] {
  const next = [...verdicts];
  while (next.length > MAX_VERDICTS || bytesOf(formatVerdicts(next)) > MAX_VERDICTS_BYTES) next.shift();
  return next;
}

function bytesOf(text: string): number {
  // The length bounds the work: no character takes less than a byte.
  return text.length > MAX_VERDICTS_BYTES ? text.length : new TextEncoder().encode(text).length;
}
