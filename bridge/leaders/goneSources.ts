/**
 * createGoneSources: remembers deleted sources, with what they owned, until a function has
 * announced their end. docs/reference/events.md#the-end-of-a-service
 *
 * The garbage collector removes what a source owned soon after the source, and then no object says
 * that a leader was announced. Watches of different kinds have no common order: the slices may be
 * seen to go first.
 *
 * Guarantees: a source whose objects are left is found again after a restart. Bounded in number and
 * time. What a user opted out of has no end to announce.
 * Does not guarantee anything across a restart once the objects are gone too.
 */

import { annotation, label } from '../../lib/selection/names.ts';
import { isControlledBy, isLeaderSlice, sourceOfOurService, sourceOfOurSlice } from '../../lib/selection/ownership.ts';
import { parseBoolean } from '../../lib/selection/settings.ts';
import {
  type GoneSource,
  type ServiceView,
  type SliceView,
  serviceKey,
  type Uid,
} from '../../lib/selection/snapshot.ts';
import type { Source } from '../queue/concern.ts';
import type { LeaderChange } from './affected.ts';
import type { LeaderStore } from './leaderStore.ts';
import type { NamespaceIndex } from './namespaceIndex.ts';

export interface GoneSources {
  /** Takes a change, right after the store holds it. */
  note(seen: LeaderChange): void;
  /** The one of this name that went first; undefined where nothing is to be announced. */
  of(source: Source): GoneSource | undefined;
  /** Its end is announced. */
  settle(uid: Uid): void;
  /** Those whose end is not announced. */
  sources(): readonly Source[];
}

interface Remembered extends Source {
  readonly uid: Uid;
  readonly at: number;
  readonly services: Map<string, ServiceView>;
  readonly slices: Map<string, SliceView>;
}

/**
 * The garbage collector may be seen before the deletion that it follows; not by longer than this.
 */
const LOST_LIFETIME_MS = 60_000;
/**
 * For functions or a sink that are away. A replica that takes the Lease announces again what
 * another one may have announced; after this time that would only confuse.
 */
const GONE_LIFETIME_MS = 600_000;
/** Some 2 KB each. */
const MAX_REMEMBERED = 10_000;
/** Of one kind in an event; its schema takes no more. */
const MAX_OBJECTS = 16;

/** `now`: epoch milliseconds. */
export function createGoneSources(store: Pick<LeaderStore, 'namespace'>, now: () => number): GoneSources {
  /** What living sources lost, oldest first. */
  const lost = new Map<Uid, Remembered>();
  /** Deleted sources, oldest first. */
  const gone = new Map<Uid, Remembered>();
  /** The keys of `gone` by Service, oldest first. */
  const goneByKey = new Map<string, Set<Uid>>();
  const settled = new Set<Uid>();

  function note(seen: LeaderChange): void {
    if (seen.of === 'EndpointSlice' && seen.change.kind === 'deleted') {
      noteLost(sourceOfOurSlice(seen.change.object), seen.change.object);
    } else if (seen.of === 'Service' && seen.change.kind === 'deleted') {
      const service = seen.change.object;
      noteLost(sourceOfOurService(service), service);
      noteGone(service);
    }
  }

  function noteLost(name: string | null, object: ServiceView | SliceView): void {
    if (name === null || object.owner === null || !isOfLeader(object)) return;
    const { uid } = object.owner;
    const source = store.namespace(object.namespace).services.byName.get(name);
    if (source?.uid === uid && isOptedOut(source)) return;
    let known = gone.get(uid) ?? lost.get(uid);
    if (known === undefined) {
      known = toRemembered({ namespace: object.namespace, name }, uid);
      prune(lost, LOST_LIFETIME_MS, (each) => lost.delete(each));
      lost.set(uid, known);
    }
    keep(known, object);
  }

  function noteGone(service: ServiceView): void {
    const { namespace, name, uid } = service;
    const before = lost.get(uid);
    lost.delete(uid);
    const hasObjects = ownedBy(store.namespace(namespace), name, uid).length > 0;
    if (!hasObjects && (before === undefined || isOptedOut(service))) return;
    const entry = addGone(service, uid);
    for (const object of [...(before?.services.values() ?? []), ...(before?.slices.values() ?? [])])
      keep(entry, object);
  }

  function addGone(source: Source, uid: Uid): Remembered {
    prune(gone, GONE_LIFETIME_MS, dropGone);
    const entry = toRemembered(source, uid);
    const key = serviceKey(source.namespace, source.name);
    gone.set(uid, entry);
    goneByKey.set(key, (goneByKey.get(key) ?? new Set()).add(uid));
    return entry;
  }

  function dropGone(uid: Uid): void {
    const entry = gone.get(uid);
    if (entry === undefined) return;
    gone.delete(uid);
    const key = serviceKey(entry.namespace, entry.name);
    const uids = goneByKey.get(key);
    uids?.delete(uid);
    if (uids?.size === 0) goneByKey.delete(key);
  }

  function toRemembered({ namespace, name }: Source, uid: Uid): Remembered {
    return { namespace, name, uid, at: now(), services: new Map(), slices: new Map() };
  }

  function prune(entries: ReadonlyMap<Uid, Remembered>, lifetimeMs: number, drop: (uid: Uid) => void): void {
    for (const [uid, { at }] of entries) {
      if (entries.size < MAX_REMEMBERED && now() - at < lifetimeMs) return;
      drop(uid);
    }
  }

  /** After a restart: what is owned by a Service that is not there. */
  function findLeftovers(index: NamespaceIndex, source: Source, current: Uid | undefined): void {
    for (const { owner } of ownedBy(index, source.name)) {
      if (owner === null || owner.uid === current || gone.has(owner.uid) || settled.has(owner.uid)) continue;
      addGone(source, owner.uid);
    }
  }

  function collect(index: NamespaceIndex, { name, uid, services, slices }: Remembered): GoneSource {
    const all = { services: new Map(services), slices: new Map(slices) };
    for (const object of ownedBy(index, name, uid)) keep(all, object);
    return {
      uid,
      services: [...all.services.values()].slice(0, MAX_OBJECTS),
      slices: [...all.slices.values()].slice(0, MAX_OBJECTS),
    };
  }

  return {
    note,
    of(source) {
      const index = store.namespace(source.namespace);
      const current = index.services.byName.get(source.name)?.uid;
      findLeftovers(index, source, current);
      if (current === undefined && isOrphaned(index, source.name)) return undefined;
      prune(gone, GONE_LIFETIME_MS, dropGone);
      const isAnnounced = current !== undefined && hasAnnounced(index, source.name, current);
      for (const uid of goneByKey.get(serviceKey(source.namespace, source.name)) ?? []) {
        const entry = gone.get(uid);
        const found = entry === undefined ? undefined : collect(index, entry);
        const isLeft = found !== undefined && found.services.length + found.slices.length > 0;
        if (isLeft && !isAnnounced && uid !== current) return found;
        dropGone(uid);
      }
      return undefined;
    },
    settle(uid) {
      dropGone(uid);
      if (settled.size >= MAX_REMEMBERED) settled.clear();
      settled.add(uid);
    },
    sources() {
      prune(gone, GONE_LIFETIME_MS, dropGone);
      return [...gone.values()].map(({ namespace, name }) => ({ namespace, name }));
    },
  };
}

type Kept = Pick<Remembered, 'services' | 'slices'>;

function keep({ services, slices }: Kept, object: ServiceView | SliceView): void {
  if ('spec' in object) slices.set(object.name, object);
  else services.set(object.name, object);
}

/** What is left of the leader of a source; of `uid` only, where that is given. */
function ownedBy(index: NamespaceIndex, name: string, uid?: Uid): readonly (ServiceView | SliceView)[] {
  const all = [
    ...[...index.services.oursFor(name)].map((each) => index.services.byName.get(each)),
    ...[...index.ourSlices.oursFor(name)].map((each) => index.ourSlices.byName.get(each)),
  ];
  return all.flatMap((each) => {
    if (each === undefined || !isOfLeader(each)) return [];
    return uid === undefined || isControlledBy(each, uid) ? [each] : [];
  });
}

/** Followers have no record, and nothing about them is announced. */
function isOfLeader(object: ServiceView | SliceView): boolean {
  return 'spec' in object ? isLeaderSlice(object) : object.labels[label.role] === undefined;
}

/** Deleted with `--cascade=orphan`: the route stays, and so does what was announced of it. */
function isOrphaned(index: NamespaceIndex, name: string): boolean {
  return ownedBy(index, name).some(({ owner }) => owner === null);
}

/** The next Service of this name has announced a leader, so the end of the previous one is old. */
function hasAnnounced(index: NamespaceIndex, name: string, uid: Uid): boolean {
  return ownedBy(index, name, uid).some(({ annotations }) => annotations[annotation.announcedEpoch] !== undefined);
}

function isOptedOut({ annotations }: ServiceView): boolean {
  const value = annotations[annotation.enabled];
  return value === undefined || parseBoolean(value) === false;
}
