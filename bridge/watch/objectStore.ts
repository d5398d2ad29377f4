/**
 * createObjectStore: the store that one reflector keeps in step, over an index for each namespace.
 *
 * Guarantees:
 * - Tells each change right after the index holds it, and nothing where nothing changed to the
 *   rules.
 * - Objects differ by uid. A name that comes back with another uid is a delete and an add. The
 *   address, the readiness and the age of the old pod say nothing about the new one.
 * - `replace` reports what a watch would have reported, deletes first, so that a name is free
 *   before it is taken again.
 */

import type { ObjectIndex } from './objectIndex.ts';
import type { ObjectChange, ReflectedObject, ReflectorStore } from './reflectorStore.ts';

/** The indexes that a store writes to. */
interface Indexes<I> {
  /** Makes the index where there is none, and drops it where `act` leaves it empty. */
  use(namespace: string, act: (index: I) => void): void;
  get(namespace: string): I | undefined;
  entries(): Iterable<[namespace: string, index: I]>;
}

export function createIndexes<I extends { isEmpty(): boolean }>(create: () => I): Indexes<I> {
  const indexes = new Map<string, I>();
  return {
    use(namespace, act) {
      let index = indexes.get(namespace);
      if (index === undefined) {
        index = create();
        indexes.set(namespace, index);
      }
      act(index);
      if (index.isEmpty()) indexes.delete(namespace);
    },
    get: (namespace) => indexes.get(namespace),
    entries: () => indexes.entries(),
  };
}

interface ObjectStoreOptions<I, T> {
  readonly indexes: Indexes<I>;
  readonly pick: (index: I) => ObjectIndex<T>;
  /** The namespace that the reflector watches; undefined: all. */
  readonly namespace: string | undefined;
  onChange(change: ObjectChange<T>): void;
}

export function createObjectStore<I, T extends ReflectedObject>(options: ObjectStoreOptions<I, T>): ReflectorStore<T> {
  const { indexes, pick, namespace: only, onChange } = options;

  const told = { added: 0, modified: 0, deleted: 0 };
  function tell(change: ObjectChange<T> | null): void {
    if (change === null) return;
    told[change.kind] += 1;
    onChange(change);
  }

  function put(object: T): void {
    indexes.use(object.namespace, (each) => {
      const index = pick(each);
      const stored = index.byName.get(object.name);
      if (stored !== undefined && stored.uid !== object.uid) tell(index.remove(object.name));
      tell(index.put(object));
    });
  }

  function removeAbsent(isPresent: (uid: string) => boolean): void {
    const namespaces = only === undefined ? [...indexes.entries()].map(([namespace]) => namespace) : [only];
    for (const namespace of namespaces)
      indexes.use(namespace, (each) => {
        const index = pick(each);
        for (const { name, uid } of index.byName.values()) if (!isPresent(uid)) tell(index.remove(name));
      });
  }

  return {
    add: put,
    update: put,
    delete({ namespace, name, uid }) {
      indexes.use(namespace, (each) => {
        const index = pick(each);
        if (index.byName.get(name)?.uid === uid) tell(index.remove(name));
      });
    },
    replace(objects, unreadable) {
      const before = { ...told };
      // The first LIST of a large cluster meets an empty store, and needs no set of uids.
      let present: Set<string> | undefined;
      removeAbsent((uid) => {
        present ??= new Set([...unreadable, ...objects.map((object) => object.uid)]);
        return present.has(uid);
      });
      for (const object of objects) put(object);
      return {
        added: told.added - before.added,
        modified: told.modified - before.modified,
        deleted: told.deleted - before.deleted,
      };
    },
  };
}
