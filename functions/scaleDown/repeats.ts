/**
 * createRepeats: holds back a record of scale-down that was written a moment ago and does not stay,
 * because another client takes it away.
 *
 * Guarantees: a bound on what is remembered. Forgetting one costs a write.
 */

import type { ScaleRecord } from '../../lib/selection/scaleRecord.ts';

export interface Repeats {
  /** Null where it may be written now, which is remembered; else until when it waits. */
  heldUntil(key: string, record: ScaleRecord | null, now: number): number | null;
}

/** As often as every Service is looked at anyhow. */
const APART_MS = 30_000;
/** Of Services that use scale-down and changed in the last half minute. */
const MAX_KEYS = 10_000;

export function createRepeats(): Repeats {
  const last = new Map<string, { readonly content: string; readonly at: number; readonly count: number }>();
  return {
    heldUntil(key, record, now) {
      const content = record === null ? '' : JSON.stringify({ ...record, at: 0 });
      const known = last.get(key);
      const isRepeated = known?.content === content && now - known.at < APART_MS;
      // A hand may have slipped once.
      if (isRepeated && known.count > 1) return known.at + APART_MS;
      last.delete(key);
      last.set(key, { content, at: now, count: isRepeated ? known.count + 1 : 1 });
      const [oldest] = last.keys();
      if (last.size > MAX_KEYS && oldest !== undefined) last.delete(oldest);
      return null;
    },
  };
}
