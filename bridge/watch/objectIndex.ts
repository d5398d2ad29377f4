/**
 * ObjectIndex: the objects of one kind in one namespace, by name, filed and unfiled as they come
 * and go.
 *
 * Guarantees:
 * - Holds each object once, and is the one place that compares a view with the view before it
 *   (sameView.ts).
 * - Unfiles an object with the very view that it was filed with.
 * - A view that differs in its resourceVersion alone replaces the stored one, because patches carry
 *   that version, and is not a change.
 */

import type { ObjectChange, ReflectedObject } from './reflectorStore.ts';
import { sameView } from './sameView.ts';

export interface ObjectIndex<T> {
  readonly byName: ReadonlyMap<string, T>;
  /**
   * `object` has the uid of the stored one, where its name is stored. Null where nothing changed to
   * the rules.
   */
  put(object: T): ObjectChange<T> | null;
  /** Null where the name is not stored. */
  remove(name: string): ObjectChange<T> | null;
  isEmpty(): boolean;
}

interface Filing<T> {
  file?(object: T): void;
  unfile?(object: T): void;
  /** The view to store instead of `seen`, with what only an observer of both can know. */
  refine?(stored: T, seen: T): T;
}

export function createObjectIndex<T extends ReflectedObject>({ file, unfile, refine }: Filing<T> = {}): ObjectIndex<T> {
  const byName = new Map<string, T>();
  return {
    byName,
    put(seen) {
      const stored = byName.get(seen.name);
      const object = stored === undefined || refine === undefined ? seen : refine(stored, seen);
      if (stored !== undefined && sameView(stored, object)) {
        if (stored.resourceVersion !== object.resourceVersion) byName.set(object.name, object);
        return null;
      }
      byName.set(object.name, object);
      if (stored !== undefined) unfile?.(stored);
      file?.(object);
      return stored === undefined ? { kind: 'added', object } : { kind: 'modified', object, previous: stored };
    },
    remove(name) {
      const stored = byName.get(name);
      if (stored === undefined) return null;
      byName.delete(name);
      unfile?.(stored);
      return { kind: 'deleted', object: stored };
    },
    isEmpty: () => byName.size === 0,
  };
}
