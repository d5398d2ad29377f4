/**
 * Keeps the kinds in step with the stored CustomResourceDefinitions.
 *
 * Guarantees: a definition that was stored is served at once. With its definition go its objects.
 * Source:
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#delete-a-customresourcedefinition
 */

import type { Kind } from '../kind.ts';
import type { Store } from '../revisionStore.ts';
import { customKinds } from './customKind.ts';

export interface DefinedKinds {
  readonly kinds: () => readonly Kind[];
  readonly close: () => void;
}

/** `run` carries out the work later, never at once. */
export function followDefinitions(
  store: Store,
  builtIn: readonly Kind[],
  run: (work: () => void) => void,
): DefinedKinds {
  const custom = new Map<string, readonly Kind[]>();
  let kinds = builtIn;
  const change = (update: () => void): void => {
    update();
    kinds = [...builtIn, ...[...custom.values()].flat()];
  };
  const unsubscribe = store.subscribe('customresourcedefinitions', ({ type, entry }) => {
    const { name } = entry.object.metadata;
    if (type !== 'DELETED') return change(() => custom.set(name, customKinds(entry.object)));
    run(() => {
      if (store.read('customresourcedefinitions', name) !== undefined) return;
      for (const { key } of store.list(name)) store.remove(name, key);
      change(() => custom.delete(name));
    });
  });
  return { kinds: () => kinds, close: unsubscribe };
}
