/**
 * Stores all objects, with one revision counter as etcd's and a bounded history of changes per
 * collection.
 *
 * Guarantees: every write takes one new revision. Listeners run in the order of revisions, before
 * the write returns. Objects are frozen.
 * Does not guarantee history: a change older than `historyLimit` changes is forgotten, and a reader
 * that asks for it gets 410.
 */

import { freeze } from './json.ts';
import { type KubeObject, withMetadata } from './kubeObject.ts';

export interface Entry {
  /** `ns/name` or `name`. */
  readonly key: string;
  readonly object: KubeObject;
  readonly revision: number;
}

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly collection: string;
  readonly revision: number;
  /**
   * The entry after the change; of a deleted object its last state, with the revision of the
   * deletion.
   */
  readonly entry: Entry;
  readonly previous: Entry | null;
}

export type ChangeListener = (change: Change) => void;

export interface Store {
  readonly revision: () => number;
  readonly read: (collection: string, key: string) => Entry | undefined;
  /** Sorted by key. The array never changes afterwards. */
  readonly list: (collection: string) => readonly Entry[];
  /** Returns the list as it was at an earlier revision; undefined when that is forgotten. */
  readonly listAt: (collection: string, revision: number) => readonly Entry[] | undefined;
  /**
   * Returns the changes after a revision, oldest first; undefined when some of them are forgotten.
   */
  readonly changesAfter: (collection: string, revision: number) => readonly Change[] | undefined;
  readonly write: (collection: string, key: string, object: KubeObject) => Entry;
  readonly remove: (collection: string, key: string) => Entry | undefined;
  /** Returns the function that ends it. */
  readonly subscribe: (collection: string | 'all', listener: ChangeListener) => () => void;
  /** Forgets all history, as a compaction of etcd does. */
  readonly compact: () => void;
}

interface Collection {
  readonly entries: Map<string, Entry>;
  sorted: readonly Entry[] | null;
  history: Change[];
  /** Changes up to this revision are forgotten. */
  forgottenAt: number;
  readonly listeners: Set<ChangeListener>;
}

/** Past listings that are kept, so that the pages of one LIST do not each rebuild it. */
const keptListings = 4;

export function createStore(historyLimit: number): Store {
  let revision = 1;
  const collections = new Map<string, Collection>();
  const listeners = new Set<ChangeListener>();
  const listings = new Map<string, readonly Entry[]>();

  const collectionNamed = (name: string): Collection => {
    const known = collections.get(name);
    if (known !== undefined) return known;
    const made = {
      entries: new Map(),
      sorted: null,
      history: [],
      forgottenAt: 0,
      listeners: new Set<ChangeListener>(),
    };
    collections.set(name, made);
    return made;
  };

  const tell = (collection: Collection, change: Change): void => {
    collection.sorted = null;
    collection.history.push(change);
    // History grows to twice the limit and is then halved: dropping one at a time would move the
    // whole array for every write.
    if (collection.history.length > historyLimit * 2) {
      const dropped = collection.history.splice(0, collection.history.length - historyLimit);
      collection.forgottenAt = dropped.at(-1)?.revision ?? collection.forgottenAt;
    }
    for (const listener of listeners) listener(change);
    for (const listener of collection.listeners) listener(change);
  };

  const entryOf = (key: string, object: KubeObject, at: number): Entry =>
    Object.freeze({ key, object: freeze(withMetadata(object, { resourceVersion: String(at) })), revision: at });

  const list = (name: string): readonly Entry[] => {
    const collection = collectionNamed(name);
    collection.sorted ??= [...collection.entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return collection.sorted;
  };

  const changesAfter = (name: string, after: number): readonly Change[] | undefined => {
    const { history, forgottenAt } = collectionNamed(name);
    return after < forgottenAt ? undefined : history.slice(firstAfter(history, after));
  };

  return {
    revision: () => revision,
    read: (name, key) => collectionNamed(name).entries.get(key),
    list,
    changesAfter,
    listAt(name, at) {
      if (at >= revision) return list(name);
      const cacheKey = `${name}@${at}`;
      const undo = changesAfter(name, at);
      if (undo === undefined) {
        listings.delete(cacheKey);
        return undefined;
      }
      if (undo.length === 0) return list(name);
      const known = listings.get(cacheKey);
      if (known !== undefined) return known;
      const made = rewind(collectionNamed(name).entries, undo);
      listings.set(cacheKey, made);
      for (const oldest of listings.keys()) {
        if (listings.size <= keptListings) break;
        listings.delete(oldest);
      }
      return made;
    },
    write(name, key, object) {
      const collection = collectionNamed(name);
      const previous = collection.entries.get(key) ?? null;
      revision += 1;
      const entry = entryOf(key, object, revision);
      collection.entries.set(key, entry);
      const type = previous === null ? 'ADDED' : 'MODIFIED';
      tell(collection, { type, collection: name, revision, entry, previous });
      return entry;
    },
    remove(name, key) {
      const collection = collectionNamed(name);
      const previous = collection.entries.get(key);
      if (previous === undefined) return undefined;
      revision += 1;
      collection.entries.delete(key);
      const entry = entryOf(key, previous.object, revision);
      tell(collection, { type: 'DELETED', collection: name, revision, entry, previous });
      return entry;
    },
    subscribe(name, listener) {
      const set = name === 'all' ? listeners : collectionNamed(name).listeners;
      set.add(listener);
      return () => set.delete(listener);
    },
    compact() {
      listings.clear();
      for (const collection of collections.values()) {
        collection.history = [];
        collection.forgottenAt = revision;
      }
    },
  };
}

/** Returns the index of the first change after a revision. The history is sorted by revision. */
function firstAfter(history: readonly Change[], revision: number): number {
  let low = 0;
  let high = history.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((history[middle]?.revision ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}

function rewind(current: ReadonlyMap<string, Entry>, undo: readonly Change[]): readonly Entry[] {
  const past = new Map(current);
  for (const change of undo.toReversed()) {
    if (change.previous === null) past.delete(change.entry.key);
    else past.set(change.entry.key, change.previous);
  }
  return [...past.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
