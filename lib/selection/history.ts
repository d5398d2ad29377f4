/**
 * Reads and extends the history of a Service's leaders: the annotation `zen-lead.io/leader-history`
 * on the leader Service. docs/reference/objects.md#the-history
 *
 * Guarantees: at most ten changes, the newest first. A text that cannot be read counts as empty and
 * is replaced by the next change. Adding a change twice adds it once.
 * Does not guarantee that it is complete: a change that another one followed before it was
 * announced is not in it.
 */

import { annotation } from './names.ts';
import { isAnnouncedOnSlice } from './record.ts';
import type { ServiceView, SliceView } from './snapshot.ts';

export interface LeaderChange {
  readonly epoch: number;
  /** Null where no pod led. */
  readonly pod: string | null;
  readonly reason: string;
  /** Epoch milliseconds. Null where the record did not say. */
  readonly at: number | null;
}

/** What a person reads after an incident. It bounds the annotation to under 4 KiB. */
const MAX_CHANGES = 10;
/** Of a pod's name, and more than any reason has. */
const MAX_TEXT = 253;

/** The annotation stands where the record of announcements does (functions/announce). */
export function readHistory(service: ServiceView | null, slice: SliceView | null, slot = 0): readonly LeaderChange[] {
  const holder = isAnnouncedOnSlice(service, slot) ? slice : service;
  return parseHistory(holder?.annotations[annotation.leaderHistory]);
}

/** The newest first. Entries that cannot be read are left out. */
export function parseHistory(text: string | undefined): readonly LeaderChange[] {
  if (text === undefined) return [];
  const entries = parseJson(text);
  return Array.isArray(entries) ? entries.slice(0, MAX_CHANGES).flatMap((entry) => parseChange(entry) ?? []) : [];
}

/** The text of a history that begins with `change`. */
export function addChange(history: readonly LeaderChange[], change: LeaderChange): string {
  const [newest] = history;
  const isKnown = newest !== undefined && newest.epoch === change.epoch && newest.pod === change.pod;
  const changes = isKnown ? history : [change, ...history];
  return JSON.stringify(
    changes
      .slice(0, MAX_CHANGES)
      .map(({ epoch, pod, reason, at }) => ({ epoch, pod, reason, at: at === null ? null : toText(at) })),
  );
}

function parseChange(entry: unknown): LeaderChange | null {
  if (typeof entry !== 'object' || entry === null) return null;
  const { epoch, pod, reason, at } = entry as Readonly<Record<string, unknown>>;
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || epoch < 0) return null;
  if (pod !== null && !isShortText(pod)) return null;
  if (!isShortText(reason)) return null;
  const instant = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  return { epoch, pod, reason, at: Number.isNaN(instant) ? null : instant };
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function toText(at: number): string {
  return new Date(at).toISOString();
}
