/**
 * relistDiff: what happened between the objects we knew and those that a LIST returned, as the changes a watch would have told.
 * Called by reflectedObjects.ts after every LIST.
 *
 * Guarantees: pure. Objects are told apart by uid: a name that came back with another uid is a delete and an add, because the
 * address, the readiness and the age of the old pod say nothing about the new one. Deletes come first, so that a name is free
 * before it is taken again. An object that does not differ is no change.
 */

import type { ObjectChange, ReflectedObject } from './objectChange.ts';
import { sameView } from './sameView.ts';

export function relistDiff<T extends ReflectedObject>(
  known: ReadonlyMap<string, T>,
  listed: ReadonlyMap<string, T>,
): readonly ObjectChange<T>[] {
  const deleted: ObjectChange<T>[] = [];
  const present: ObjectChange<T>[] = [];
  for (const [key, previous] of known) {
    if (listed.get(key)?.uid !== previous.uid) deleted.push({ kind: 'deleted', object: previous });
  }
  for (const [key, object] of listed) {
    const previous = known.get(key);
    if (previous === undefined || previous.uid !== object.uid) present.push({ kind: 'added', object });
    else if (isChanged(previous, object)) present.push({ kind: 'modified', object, previous });
  }
  return [...deleted, ...present];
}

/** `sameView` leaves the resourceVersion out; patches carry it, so here a new one is a change. */
export function isChanged<T extends ReflectedObject>(previous: T, object: T): boolean {
  return previous.resourceVersion !== object.resourceVersion || !sameView(previous, object);
}
