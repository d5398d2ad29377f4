/**
 * FlowCarry: what one pass leaves for the next one, in the `carry` of its reply.
 *
 * Guarantees: a carry that is lost, or of another version, costs a write of the status and a second
 * copy of announcements, and nothing else.
 */

import { LONGEST_REST_MS } from './viewPace.ts';

export interface FlowCarry {
  /**
   * When the view was last written, or later where the API server is slow; epoch milliseconds. 0
   * where that is not known.
   */
  readonly statusAt: number;
  /** How many announcements the record's outbox is past. */
  readonly told: Told | null;
}

export interface Told {
  /** Of the record, because another one counts from the beginning. */
  readonly recordUid: string;
  readonly count: number;
}

/** An instant that is further away than that would hold the view back. */
export function readFlowCarry(carry: string | undefined, now: number): FlowCarry {
  const [at = '', recordUid = '', count = ''] = (carry ?? '').split(';');
  const statusAt = Number(at);
  const isCount = recordUid !== '' && /^\d{1,9}$/.test(count);
  return {
    statusAt: Number.isFinite(statusAt) && statusAt <= now + LONGEST_REST_MS ? statusAt : 0,
    told: isCount ? { recordUid, count: Number(count) } : null,
  };
}

/** Undefined where there is nothing to carry. */
export function writeFlowCarry({ statusAt, told }: FlowCarry): string | undefined {
  if (told !== null) return `${statusAt};${told.recordUid};${told.count}`;
  return statusAt > 0 ? String(statusAt) : undefined;
}
