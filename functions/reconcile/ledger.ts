/**
 * Ledger: what was last written to which object, how often in a row, and when. It travels in
 * `carry` (carry.ts); damping.ts says what follows from it.
 *
 * Guarantees: pure. What cannot be read is left out. A content that has stood for a minute past
 * its next write is forgotten.
 */

export interface Entry {
  readonly content: string;
  /** How often in a row. */
  readonly writes: number;
  /** Of the last one, epoch milliseconds. */
  readonly at: number;
  /** The fencing token that was written with it; 0 for what has none. */
  readonly epoch: number;
}

/** By the hash of an object's name (of a Service with the content), or of `announcement`. */
export type Ledger = ReadonlyMap<string, Entry>;

const FIRST_DELAY_MS = 1_000;
/** What is fought over for minutes waits for a person; more often would only fill logs. */
export const MAX_DELAY_MS = 300_000;
/** What has stood for so long stays. */
const STAYS_MS = 60_000;
/**
 * The largest pool has 16 slices of each family, an announcement for each slot, and two Services.
 * Each entry takes 50 characters of the 4,096 that a carry may have.
 */
const MAX_ENTRIES = 64;
const entryPattern = /^([0-9a-f]{8}) ([0-9a-f]{8}) (\d{1,6}) (\d{1,16})(?: (\d{1,16}))?$/;

export const noLedger: Ledger = new Map();

export function add(ledger: Map<string, Entry>, key: string, content: string, now: number, epoch: number): void {
  const before = ledger.get(key);
  const writes = before?.content === content ? before.writes + 1 : 1;
  ledger.set(key, { content, writes, at: now, epoch });
}

export function prune(ledger: Ledger, now: number): Ledger {
  return new Map([...ledger].filter(([, entry]) => now - nextAt(entry, MAX_DELAY_MS) < STAYS_MS && entry.at <= now));
}

export function nextAt({ writes, at }: Entry, maxDelayMs: number): number {
  return writes < 2 ? at : at + Math.min(maxDelayMs, FIRST_DELAY_MS * 2 ** (writes - 2));
}

/** Empty where there is nothing to remember. */
export function formatLedger(ledger: Ledger): string {
  const entries = [...ledger].toSorted(([, a], [, b]) => b.at - a.at).slice(0, MAX_ENTRIES);
  return entries
    .map(([key, { content, writes, at, epoch }]) => [key, content, writes, at, ...(epoch > 0 ? [epoch] : [])].join(' '))
    .join(',');
}

/** What cannot be read is left out: the count begins again. */
export function parseLedger(text: string): Ledger {
  const entries = text.split(',').flatMap((each): [string, Entry][] => {
    const [, key, content, writes, at, epoch = 0] = entryPattern.exec(each) ?? [];
    if (key === undefined || content === undefined) return [];
    return [[key, { content, writes: Number(writes), at: Number(at), epoch: Number(epoch) }]];
  });
  return new Map(entries);
}
