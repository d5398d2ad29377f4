/**
 * Damps writes that do not stay: a webhook, a policy or another controller changes an object as
 * soon as zen-lead has written it. docs/decisions/damping.md
 *
 * The ledger (ledger.ts) says what was last written to which object. A second write of the same
 * content goes out at once, because a hand may have slipped; the next ones come later and later.
 *
 * Guarantees: pure. A write of other content is never held back, so a new leader is routed to at
 * once. Each object is damped by itself, but the slice of a second family never goes out before the
 * record that it follows (S1).
 * Does not guarantee that a lost ledger is missed: it counts from the beginning then.
 */

import { hashId } from '../../lib/events/eventId.ts';
import { isEqual } from '../../lib/selection/isEqual.ts';
import { annotation } from '../../lib/selection/names.ts';
import { parseEpoch } from '../../lib/selection/record.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import type { Write } from '../../lib/selection/write.ts';
import { add, type Entry, type Ledger, MAX_DELAY_MS, nextAt, prune } from './ledger.ts';

export interface HeldBack {
  readonly resource: 'services' | 'endpointslices';
  readonly name: string;
  /** How often the same was written. */
  readonly writes: number;
  /** Traffic does not go where it was decided to go. */
  readonly isRouteWrong: boolean;
}

export interface Admitted {
  readonly writes: readonly Write[];
  readonly heldBack: readonly HeldBack[];
  /** When the first of them may be written, epoch milliseconds. */
  readonly dueAt: number | null;
}

/** Where traffic goes to a wrong place or to none. */
const MAX_ROUTE_DELAY_MS = 10_000;
const HASH_LENGTH = 8;

export function admit(ledger: Ledger, writes: readonly Write[], snapshot: Snapshot, now: number): Admitted {
  // As nearly always. Nothing is hashed on the way of a failover then.
  if (ledger.size === 0) return { writes, heldBack: [], dueAt: null };
  const targets = groupByTarget(writes);
  const heldBack: HeldBack[] = [];
  const held = new Set<string>();
  let dueAt: number | null = null;
  for (const [target, group] of targets) {
    const [key, content] = entryOf(target, group);
    const entry = ledger.get(key);
    const [first] = group;
    if (entry === undefined || first === undefined || !('resource' in first)) continue;
    if (entry.content !== content || isSuperseded(entry, group, snapshot)) continue;
    const isWrongRoute = isWrong(group, snapshot);
    const at = nextAt(entry, isWrongRoute ? MAX_ROUTE_DELAY_MS : MAX_DELAY_MS);
    if (now >= at) continue;
    held.add(target);
    heldBack.push({ resource: first.resource, name: first.name, writes: entry.writes, isRouteWrong: isWrongRoute });
    dueAt = Math.min(dueAt ?? at, at);
    if (isRecord(group)) for (const follower of followersOfRecord(targets)) held.add(follower);
  }
  return { writes: held.size === 0 ? writes : writes.filter((write) => !held.has(targetOf(write))), heldBack, dueAt };
}

/**
 * All that was asked for of the objects that were written. A Service that was deleted, and then
 * made by another client first, is still the one that was to be made again.
 */
export function askedOf(written: readonly Write[], asked: readonly Write[]): readonly Write[] {
  if (written.length === 0) return [];
  const targets = new Set(written.map(targetOf));
  return asked.filter((write) => targets.has(targetOf(write)));
}

/** The ledger after these writes. */
export function note(ledger: Ledger, writes: readonly Write[], now: number): Ledger {
  if (writes.length === 0) return prune(ledger, now);
  const next = new Map(prune(ledger, now));
  for (const [target, group] of groupByTarget(writes)) add(next, ...entryOf(target, group), now, epochOf(group));
  return next;
}

/**
 * A snapshot with this version of the source made empty slices, and what was asked then stood
 * against it (confirmFirst.ts).
 */
export function noteRefuted(ledger: Ledger, snapshot: Snapshot, now: number): Ledger {
  const next = new Map(prune(ledger, now));
  add(next, hash('refuted'), sourceVersion(snapshot), now, 0);
  return next;
}

/**
 * A bridge whose watch of Services is behind sends that version again. Slices that are made for it
 * go with the owner that they name, so each event would make them again.
 */
export function isRefuted(ledger: Ledger, snapshot: Snapshot): boolean {
  // As nearly always. Nothing is hashed then.
  return ledger.size > 0 && ledger.get(hash('refuted'))?.content === sourceVersion(snapshot);
}

function sourceVersion({ source }: Snapshot): string {
  return hash([source?.uid, source?.resourceVersion]);
}

/** `of`: which election, where the source has several. */
export function noteAnnouncement(ledger: Ledger, said: unknown, now: number, of = ''): Ledger {
  const next = new Map(prune(ledger, now));
  add(next, hash(`announcement${of}`), hash(said), now, 0);
  return next;
}

/** When this may be announced again; null when it may be now. */
export function announcementDueAt(ledger: Ledger, said: unknown, now: number, of = ''): number | null {
  // As nearly always. Nothing is hashed then.
  if (ledger.size === 0) return null;
  const entry = ledger.get(hash(`announcement${of}`));
  if (entry === undefined || entry.content !== hash(said)) return null;
  const at = nextAt(entry, MAX_DELAY_MS);
  return now < at ? at : null;
}

/**
 * The contents of a slice take turns where leaders do, and each failover is written at once. Those
 * of a Service take turns only where two others fight over it, each in its way. With one count for
 * both, each would begin the count of the other again.
 */
function entryOf(target: string, group: readonly Write[]): readonly [key: string, content: string] {
  const content = hash(contentOf(group));
  return [hash(target.startsWith('services/') ? `${target} ${content}` : target), content];
}

function groupByTarget(writes: readonly Write[]): ReadonlyMap<string, readonly Write[]> {
  return Map.groupBy(writes, targetOf);
}

function targetOf(write: Write): string {
  return 'resource' in write ? `${write.resource}/${write.name}` : `endpoints/${write.name}`;
}

/**
 * What a group of writes to one object asks for, without what differs from one time to the next.
 * Of a slice that is where it routes to: creating it again is the same wish as patching it.
 */
function contentOf(group: readonly Write[]): unknown {
  const last = lastContentIn(group);
  if (last === undefined) return 'delete';
  const { metadata, spec, endpoints, ports } = bodyOf(last);
  const { annotations = {}, labels, ownerReferences } = metadata;
  if (last.resource === 'endpointslices') return [endpoints, ports, annotations[annotation.leaderPodUid] ?? null];
  return [spec, labels, annotations, ownerReferences];
}

/**
 * The primary slice, whose record the slice of the other family follows. Null takes the record out
 * of a slice, because it is in that of another family now.
 */
function isRecord(group: readonly Write[]): boolean {
  return typeof annotationsOf(group)[annotation.podsRevision] === 'string';
}

function followersOfRecord(targets: ReadonlyMap<string, readonly Write[]>): readonly string[] {
  return [...targets]
    .filter(([, group]) => {
      const { [annotation.epoch]: epoch, [annotation.podsRevision]: revision } = annotationsOf(group);
      return !isRecord(group) && (epoch !== undefined || revision === null);
    })
    .map(([target]) => target);
}

function annotationsOf(group: readonly Write[]): Readonly<Record<string, unknown>> {
  const last = lastContentIn(group);
  return last === undefined ? {} : (bodyOf(last).metadata.annotations ?? {});
}

type Content = Extract<Write, { kind: 'create' | 'patch' }>;

function lastContentIn(group: readonly Write[]): Content | undefined {
  return group.findLast((write): write is Content => write.kind === 'create' || write.kind === 'patch');
}

interface Body {
  readonly metadata: {
    readonly annotations?: Readonly<Record<string, unknown>>;
    readonly labels?: unknown;
    readonly ownerReferences?: unknown;
  };
  readonly spec?: unknown;
  readonly endpoints?: readonly { readonly addresses?: unknown }[];
  readonly ports?: unknown;
}

function bodyOf(write: Content): Body {
  return { metadata: {}, ...(write.kind === 'create' ? write.object : write.patch) };
}

/**
 * Another replica's events led to an election since, which is not in this ledger. What it replaced
 * was not undone by others. Of a slice of the second family nothing else tells that.
 */
function isSuperseded({ epoch }: Entry, group: readonly Write[], { slices }: Snapshot): boolean {
  const [first] = group;
  const existing = first && 'resource' in first ? slices.find(({ name }) => name === first.name) : undefined;
  if (epoch === 0 || existing === undefined) return false;
  return (parseEpoch(existing.annotations[annotation.epoch]) ?? 0) > epoch;
}

function epochOf(group: readonly Write[]): number {
  const epoch = annotationsOf(group)[annotation.epoch];
  return typeof epoch === 'string' ? (parseEpoch(epoch) ?? 0) : 0;
}

/** Before these writes, traffic goes to a wrong place or to none. */
export function isRouteWrong(writes: readonly Write[], snapshot: Snapshot): boolean {
  return [...groupByTarget(writes).values()].some((group) => isWrong(group, snapshot));
}

/** A Service that is missing routes nowhere; a slice counts by its addresses. */
function isWrong(group: readonly Write[], { services, slices }: Snapshot): boolean {
  const last = lastContentIn(group);
  if (last === undefined) return false;
  if (last.resource === 'services') return !services.some(({ name }) => name === last.name);
  const existing = slices.find(({ name }) => name === last.name);
  const wanted = (bodyOf(last).endpoints ?? []).map(({ addresses }) => addresses);
  return !isEqual(
    existing?.spec?.endpoints.map(({ addresses }) => addresses),
    wanted,
  );
}

function hash(value: unknown): string {
  return hashId([JSON.stringify(value) ?? '']).slice(0, HASH_LENGTH);
}
