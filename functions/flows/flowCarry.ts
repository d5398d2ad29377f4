/**
 * FlowCarry: what one pass leaves for the next one, in the `carry` of its reply.
 *
 * Guarantees: a carry that is lost, or of another version, costs a write of the status, a second
 * copy of announcements and a request for Jobs that are over a quota, and nothing else.
 */

import { LONGEST_QUOTA_MS } from './overQuota.ts';
import { LONGEST_REST_MS } from './viewPace.ts';

export interface FlowCarry {
  /**
   * When the view was last written, or later where the API server is slow; epoch milliseconds. 0
   * where that is not known.
   */
  readonly statusAt: number;
  /** How many announcements the record's outbox is past. */
  readonly told: Told | null;
  /** When Jobs that were over a quota are made again; epoch milliseconds. 0 where none were. */
  readonly createAgainAt: number;
}

export interface Told {
  /** Of the record, because another one counts from the beginning. */
  readonly recordUid: string;
  readonly count: number;
}

/** An instant that is further away than it can be would hold the view, or the Jobs, back. */
export function readFlowCarry(carry: string | undefined, now: number): FlowCarry {
  const [statusAt = '', recordUid = '', count = '', createAgainAt = ''] = (carry ?? '').split(';');
  const isCount = recordUid !== '' && /^\d{1,9}$/.test(count);
  return {
    statusAt: toInstant(statusAt, now + LONGEST_REST_MS),
    told: isCount ? { recordUid, count: Number(count) } : null,
    createAgainAt: toInstant(createAgainAt, now + LONGEST_QUOTA_MS),
  };
}

function toInstant(text: string, latest: number): number {
  const at = Number(text);
  return Number.isFinite(at) && at <= latest ? at : 0;
}

/** Undefined where there is nothing to carry. */
export function writeFlowCarry({ statusAt, told, createAgainAt }: FlowCarry): string | undefined {
  if (createAgainAt > 0) return [statusAt, told?.recordUid ?? '', told?.count ?? '', createAgainAt].join(';');
  if (told !== null) return `${statusAt};${told.recordUid};${told.count}`;
  return statusAt > 0 ? String(statusAt) : undefined;
}
