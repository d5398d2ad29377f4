/**
 * Outbox: what the record says and others have not been told yet. It is kept in the record, so that
 * it outlives every process.
 *
 * Guarantees: an entry leaves it only once it was told, or where more wait than a record may hold.
 */

import { isInstant } from '../state/instant.ts';
import type { StepReason } from '../state/record.ts';

/** `started`, `succeeded` and `failed` are also those of a flow. */
export const announcedPhases = [
  'started',
  'waiting',
  'succeeded',
  'failed',
  'skipped',
  'suspended',
  'resumed',
] as const;
export type AnnouncedPhase = (typeof announcedPhases)[number];

export interface Owed {
  /** Of the record that says so first. */
  readonly rev: number;
  /** Null for the flow itself. */
  readonly step: string | null;
  /** Counts from 1; of a flow it is `rev`, because it may end more than once. */
  readonly attempt: number;
  readonly phase: AnnouncedPhase;
  readonly reason: StepReason | string | null;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly exitCode: number | null;
  /** Who approved or rejected, as the flow says. */
  readonly by: string | null;
}

export interface Outbox {
  /** Everything up to this revision of the record is told. */
  readonly announcedRev: number;
  /** How many have been told, so that a place in the outbox has a number that does not change. */
  readonly told: number;
  readonly entries: readonly Owed[];
}

export const emptyOutbox: Outbox = { announcedRev: 0, told: 0, entries: [] };

/**
 * Twice the steps of the largest flow, 90 KiB. A sink that is away for longer than a flow takes
 * must not make the record so large that the flow fails.
 */
export const MAX_OWED = 2_064;

/** Without what was told. `rev`: of the record that will hold it. */
export function leaveTold({ announcedRev, told, entries }: Outbox, toldNow: number, rev: number): Outbox {
  const count = Math.min(Math.max(0, toldNow - told), entries.length);
  const left = entries.slice(count);
  const first = left[0];
  return {
    announcedRev: Math.max(announcedRev, first === undefined ? rev : first.rev - 1),
    told: told + count,
    entries: left,
  };
}

/** The oldest go where more wait than `MAX_OWED`. */
export function addOwed(outbox: Outbox, more: readonly Owed[]): { readonly outbox: Outbox; readonly dropped: number } {
  const entries = [...outbox.entries, ...more];
  const dropped = Math.max(0, entries.length - MAX_OWED);
  return { outbox: { ...outbox, told: outbox.told + dropped, entries: entries.slice(dropped) }, dropped };
}

/** Rows without field names, as those of the steps. */
export function serializeOutbox({ announcedRev, told, entries }: Outbox): object {
  const outbox = entries.map(({ rev, step, attempt, phase, reason, at, exitCode, by }) => {
    const row = [rev, step, attempt, phase, at, reason, exitCode, by];
    while (row.at(-1) === null) row.pop();
    return row;
  });
  return { announcedRev, announced: told, ...(outbox.length > 0 && { outbox }) };
}

export interface WrittenOutbox {
  readonly announcedRev?: unknown;
  readonly announced?: unknown;
  readonly outbox?: unknown;
}

/** Undefined where the record says nothing of it. Null for what cannot be read. */
export function parseOutbox({ announcedRev, announced, outbox = [] }: WrittenOutbox): Outbox | undefined | null {
  if (announcedRev === undefined) return undefined;
  if (!isCount(announcedRev) || !isCount(announced) || !Array.isArray(outbox) || outbox.length > MAX_OWED) return null;
  const entries = outbox.map(parseOwed);
  const sound = entries.filter((entry) => entry !== null);
  return sound.length < entries.length ? null : { announcedRev, told: announced, entries: sound };
}

function parseOwed(row: unknown): Owed | null {
  if (!Array.isArray(row)) return null;
  const [rev, step, attempt, phase, at, reason = null, exitCode = null, by = null] = row as readonly unknown[];
  const known = announcedPhases.find((each) => each === phase);
  if (!isCount(rev) || !isTextOrNull(step) || !isCount(attempt) || known === undefined || !isInstant(at)) return null;
  if (!isTextOrNull(reason) || !isTextOrNull(by) || !(exitCode === null || Number.isSafeInteger(exitCode))) return null;
  return { rev, step, attempt, phase: known, reason, at, exitCode: exitCode === null ? null : Number(exitCode), by };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string';
