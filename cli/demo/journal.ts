/**
 * Keeps what happened in the demo and when, so that the story can wait for a thing and say
 * afterwards how long it took.
 *
 * Guarantees: it is bounded, and the oldest entries go first.
 */

import { ZenLeadError } from '../../lib/errors.ts';

type Happening =
  | { readonly kind: 'exited'; readonly pod: string }
  | { readonly kind: 'ready'; readonly pod: string }
  | { readonly kind: 'notReady'; readonly pod: string }
  | { readonly kind: 'routed'; readonly pod: string }
  | { readonly kind: 'unrouted' }
  | { readonly kind: 'answered'; readonly pod: string }
  | { readonly kind: 'unanswered' };

type Kind = Happening['kind'];

/**
 * `at` is milliseconds of `performance.now()`: differences of a few milliseconds are what is shown.
 */
export type Entry = Happening & { readonly at: number };
type EntryOf<K extends Kind> = Extract<Entry, { kind: K }>;

export interface Wanted<K extends Kind> {
  readonly kind: K;
  /** In words, for the message when it does not come. */
  readonly what: string;
  readonly since: number;
  readonly withinMs: number;
  matches(entry: EntryOf<K>): boolean;
}

export interface Journal {
  record(happening: Happening): void;
  /**
   * The first entry that is wanted, already there or yet to come; rejects with DEMO_FAILED when it
   * does not come in time.
   */
  waitFor<K extends Kind>(wanted: Wanted<K>): Promise<EntryOf<K>>;
  onEntry(listener: (entry: Entry) => void): void;
}

/** More than a minute of answers, of which the demo writes 20 a second. */
const MAX_ENTRIES = 2_000;

export function createJournal(): Journal {
  const entries: Entry[] = [];
  const listeners = new Set<(entry: Entry) => void>();
  return {
    record(happening) {
      const entry = { ...happening, at: performance.now() };
      entries.push(entry);
      if (entries.length > MAX_ENTRIES) entries.shift();
      for (const listener of listeners) listener(entry);
    },
    waitFor({ kind, what, since, withinMs, matches }) {
      const isWanted = (entry: Entry): entry is EntryOf<typeof kind> =>
        isKind(entry, kind) && entry.at >= since && matches(entry);
      const past = entries.find(isWanted);
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          listeners.delete(listener);
          const problem = `the demo failed: ${what}: did not happen within ${withinMs / 1_000} s`;
          reject(new ZenLeadError('DEMO_FAILED', problem, { retry: 'never' }));
        }, withinMs);
        // A demo that is being stopped does not stay to wait.
        timer.unref();
        const listener = (entry: Entry) => {
          if (!isWanted(entry)) return;
          clearTimeout(timer);
          listeners.delete(listener);
          resolve(entry);
        };
        listeners.add(listener);
      });
    },
    onEntry(listener) {
      listeners.add(listener);
    },
  };
}

function isKind<K extends Kind>(entry: Entry, kind: K): entry is EntryOf<K> {
  return entry.kind === kind;
}
