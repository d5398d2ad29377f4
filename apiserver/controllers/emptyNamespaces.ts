/**
 * Empties a namespace that is being deleted, and then removes it. Pods go first; the rest goes when
 * no pod is left.
 *
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/ and
 * KEP-5080 (ordered namespace deletion)
 */

import type { ApiState } from '../apiState.ts';
import type { Kind } from '../kind.ts';
import { isTerminating } from '../kubeObject.ts';
import { deleteObject } from '../verbs/deleteObject.ts';

/** Returns the function that ends it. `run` carries out the work later, never at once. */
export function emptyNamespaces(state: ApiState, run: (work: () => void) => void): () => void {
  const { store } = state;
  const scheduled = new Set<string>();
  let isStopped = false;

  const reconcile = (name: string): void => {
    scheduled.delete(name);
    const namespace = store.read('namespaces', name)?.object;
    if (isStopped || namespace === undefined || !isTerminating(namespace)) return;
    const kinds = namespacedKinds(state.kinds);
    const pods = kinds.filter((kind) => kind.kind === 'Pod');
    const others = kinds.filter((kind) => kind.kind !== 'Pod');
    if (empty(name, pods) === 0 && empty(name, others) === 0) store.remove('namespaces', name);
  };

  /** Returns how many objects are left, terminating ones included. */
  const empty = (name: string, among: readonly Kind[]): number => {
    let left = 0;
    for (const kind of among) {
      for (const { object } of store.list(kind.collection)) {
        if (object.metadata.namespace !== name) continue;
        const isLeft =
          isTerminating(object) || deleteObject(state, kind, name, object.metadata.name, { isDryRun: false }).isPending;
        if (isLeft) left += 1;
      }
    }
    return left;
  };

  const schedule = (name: string): void => {
    if (scheduled.has(name)) return;
    scheduled.add(name);
    run(() => reconcile(name));
  };

  const unsubscribe = store.subscribe('all', ({ collection, type, entry }) => {
    const { metadata } = entry.object;
    if (collection === 'namespaces' && isTerminating(entry.object)) schedule(metadata.name);
    const within = type === 'DELETED' ? metadata.namespace : undefined;
    const owner = within === undefined ? undefined : store.read('namespaces', within)?.object;
    if (within !== undefined && owner !== undefined && isTerminating(owner)) schedule(within);
  });
  return () => {
    isStopped = true;
    unsubscribe();
  };
}

/** Two kinds can share one collection (events); the second would only find it empty. */
function namespacedKinds(kinds: readonly Kind[]): readonly Kind[] {
  return kinds.filter(
    (kind, index) => kind.isNamespaced && kinds.findIndex((each) => each.collection === kind.collection) === index,
  );
}
