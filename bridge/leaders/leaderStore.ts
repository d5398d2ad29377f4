/**
 * LeaderStore: the projected state of the cluster, by namespace, kept in step by the reflectors.
 *
 * Guarantees: no I/O, and nothing here waits; a namespace whose objects are all gone takes no
 * memory.
 * Does not guarantee that it is complete or new: the watches know whether the lists are in and
 * whether one is stale.
 */

import type { PodView, ServiceView, SliceView } from '../../lib/selection/snapshot.ts';
import type { Source } from '../queue/concern.ts';
import type { ObjectIndex } from '../watch/objectIndex.ts';
import { createIndexes, createObjectStore } from '../watch/objectStore.ts';
import type { ObjectChange, ReflectedObject, ReflectorStore } from '../watch/reflectorStore.ts';
import { createNamespaceIndex, type NamespaceIndex } from './namespaceIndex.ts';

/** The store of one watch. `namespace` undefined: of all. */
type Open<T> = (namespace: string | undefined, onChange: (change: ObjectChange<T>) => void) => ReflectorStore<T>;

export interface LeaderStore {
  readonly pods: Open<PodView>;
  readonly services: Open<ServiceView>;
  readonly ourSlices: Open<SliceView>;
  readonly foreignSlices: Open<SliceView>;
  /** An empty one where nothing is known. */
  namespace(namespace: string): NamespaceIndex;
  namespaces(): Iterable<[namespace: string, index: NamespaceIndex]>;
  /** Every Service to reconcile: opted in, or with one of our objects left. */
  sources(): readonly Source[];
}

/** `now`: epoch milliseconds. */
export function createLeaderStore(now: () => number): LeaderStore {
  const unknown = createNamespaceIndex(now);
  const indexes = createIndexes(() => createNamespaceIndex(now));
  const open =
    <T extends ReflectedObject>(pick: (index: NamespaceIndex) => ObjectIndex<T>): Open<T> =>
    (namespace, onChange) =>
      createObjectStore({ indexes, pick, namespace, onChange });
  return {
    pods: open((index) => index.pods),
    services: open((index) => index.services),
    ourSlices: open((index) => index.ourSlices),
    foreignSlices: open((index) => index.foreignSlices),
    namespace: (namespace) => indexes.get(namespace) ?? unknown,
    namespaces: indexes.entries,
    sources: () =>
      [...indexes.entries()].flatMap(([namespace, index]) => [...index.sources()].map((name) => ({ namespace, name }))),
  };
}
