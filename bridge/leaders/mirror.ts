/**
 * Mirror: the objects of one kind in one namespace, by name, as one watch delivers them, filed and unfiled as they come and
 * go. The Services and EndpointSlices of the store are mirrors; pods have an index of their own (podIndex.ts).
 *
 * Guarantees: an object is unfiled with the very view that it was filed with. A view that differs in nothing but its
 * resourceVersion replaces the stored one, because patches carry that version, and is no change.
 */

import type { ObjectChange } from '../watch/objectChange.ts';
import { sameView } from '../watch/sameView.ts';

export interface Mirror<T> {
  readonly byName: ReadonlyMap<string, T>;
  /** What changed to the rules, with the views as stored; null when nothing did. */
  apply(change: ObjectChange<T>): ObjectChange<T> | null;
}

export interface Filing<T> {
  file(object: T): void;
  unfile(object: T): void;
}

export function createMirror<T extends { readonly name: string }>({ file, unfile }: Filing<T>): Mirror<T> {
  const byName = new Map<string, T>();

  function remove(name: string): ObjectChange<T> | null {
    const stored = byName.get(name);
    if (stored === undefined) return null;
    byName.delete(name);
    unfile(stored);
    return { kind: 'deleted', object: stored };
  }

  return {
    byName,
    apply(change) {
      const { object } = change;
      if (change.kind === 'deleted') return remove(object.name);
      const stored = byName.get(object.name);
      byName.set(object.name, object);
      if (stored !== undefined && sameView(stored, object)) return null;
      if (stored !== undefined) unfile(stored);
      file(object);
      return stored === undefined ? { kind: 'added', object } : { kind: 'modified', object, previous: stored };
    },
  };
}
