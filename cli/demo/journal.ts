/**
 * What happened in the demo and when, so that the story can wait for a thing and say afterwards how long it took.
 *
 * Guarantees: bounded; the oldest entries go first.
 */

export type Happening =
  | { readonly kind: 'exited'; readonly pod: string }
  | { readonly kind: 'readiness'; readonly pod: string; readonly isReady: boolean }
  | { readonly kind: 'routed'; readonly pod: string | null }
  | { readonly kind: 'answered'; readonly pod: string | null };

/** `at` is milliseconds of `performance.now()`: differences of a few milliseconds are what is shown. */
export type Entry = Happening & { readonly at: number };

export interface Journal {
  record(happening: Happening): void;
  /** The first entry since `since` that matches, already there or yet to come; rejects after `withinMs`. */
  waitFor(what: string, since: number, withinMs: number, matches: (entry: Entry) => boolean): Promise<Entry>;
  onEntry(listener: (entry: Entry) => void): void;
}

/** The demo writes 20 answers a second: more than a minute of them. */
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
    waitFor(what, since, withinMs, matches) {
      const isWanted = (entry: Entry) => entry.at >= since && matches(entry);
      const past = entries.find(isWanted);
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          listeners.delete(listener);
          reject(new Error(`${what} did not happen within ${withinMs / 1_000} s`));
        }, withinMs);
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
