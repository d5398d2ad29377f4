/**
 * Store: the projected state of the cluster, by namespace, fed by the reflectors. Not the reflectors' own maps, because it
 * remembers what those cannot know (when a pod was seen to turn Ready) and answers from indexes.
 *
 * Guarantees: no I/O, and nothing here waits; a namespace whose objects are all gone takes no memory.
 * Not guaranteed: that it is complete or new. `watches.ts` knows whether the lists are in and whether a watch is stale.
 */

import type { PodView, ServiceView, SliceView } from '../../lib/selection/snapshot.ts';
import type { ObjectChange } from '../watch/objectChange.ts';
import { createNamespaceIndex, type NamespaceIndex } from './namespaceIndex.ts';

export interface SourceName {
  readonly namespace: string;
  readonly name: string;
}

export interface Store {
  /** Each returns what changed to the rules, or null. */
  applyPod(change: ObjectChange<PodView>, now: number): ObjectChange<PodView> | null;
  applyService(change: ObjectChange<ServiceView>): ObjectChange<ServiceView> | null;
  applySlice(change: ObjectChange<SliceView>, isOurs: boolean): ObjectChange<SliceView> | null;
  /** An empty one where nothing is known. */
  namespace(namespace: string): NamespaceIndex;
  namespaces(): Iterable<[namespace: string, index: NamespaceIndex]>;
  /** Every Service to look at: opted in, or with something of ours left. */
  sources(): readonly SourceName[];
}

const unknown = createNamespaceIndex();

export function createStore(): Store {
  const indexes = new Map<string, NamespaceIndex>();

  function applyIn<T>(
    namespace: string,
    apply: (index: NamespaceIndex) => ObjectChange<T> | null,
  ): ObjectChange<T> | null {
    const index = indexes.get(namespace) ?? createNamespaceIndex();
    const applied = apply(index);
    if (index.isEmpty()) indexes.delete(namespace);
    else indexes.set(namespace, index);
    return applied;
  }

  return {
    applyPod: (change, now) => applyIn(change.object.namespace, (index) => index.applyPod(change, now)),
    applyService: (change) => applyIn(change.object.namespace, (index) => index.applyService(change)),
    applySlice: (change, isOurs) => applyIn(change.object.namespace, (index) => index.applySlice(change, isOurs)),
    namespace: (namespace) => indexes.get(namespace) ?? unknown,
    namespaces: () => indexes.entries(),
    sources: () =>
      [...indexes].flatMap(([namespace, index]) => [...index.sources()].map((name) => ({ namespace, name }))),
  };
}
