/**
 * Reads how many warm followers `zen-lead.io/scale-down` keeps beside the leader.
 * docs/how-to/scale-down.md
 */

/** Who keeps more followers than that saves nothing by scaling down. */
export const MAX_WARM = 1_000;

/** Longer than a rolling update, and than most of what moves a leader twice. */
export const DEFAULT_AFTER_MS = 600_000;

/** Null when it is not a whole number from 0 to `MAX_WARM`. */
export function parseWarm(text: string): number | null {
  const value = /^(0|[1-9]\d{0,3})$/.test(text) ? Number(text) : Number.NaN;
  return value <= MAX_WARM ? value : null;
}
