/**
 * createReportBudget: bounds how often one reporter is listened to.
 *
 * Each report costs the API server a review, a read and perhaps a write.
 * Guarantees: 30 reports within any minute. What is kept is bounded, and a reporter that was
 * silent for a minute is forgotten.
 * Does not guarantee that several functions count together: each has a budget of its own.
 */

export interface ReportBudget {
  /** Null where the report may come; else how long to wait, in milliseconds. */
  take(reporter: string): number | null;
}

export const REPORTS_A_MINUTE = 30;
const MINUTE_MS = 60_000;
/** Some 300 B each. */
const MAX_REPORTERS = 1_000;

/** `now`: monotonic milliseconds. */
export function createReportBudget(now: () => number): ReportBudget {
  /** When each was listened to, the one that reported last at the end. */
  const taken = new Map<string, readonly number[]>();
  return {
    take(reporter) {
      const at = now();
      for (const [name, instants] of taken) {
        if (at - (instants.at(-1) ?? 0) < MINUTE_MS) break;
        taken.delete(name);
      }
      const recent = (taken.get(reporter) ?? []).filter((each) => at - each < MINUTE_MS);
      if (recent.length >= REPORTS_A_MINUTE) return MINUTE_MS - (at - (recent[0] ?? at));
      if (!taken.has(reporter) && taken.size >= MAX_REPORTERS) return MINUTE_MS;
      taken.delete(reporter);
      taken.set(reporter, [...recent, at]);
      return null;
    },
  };
}
