/**
 * WatchedKind: one kind of object that a domain watches, and the store that its reflectors keep in
 * step.
 */

import type { Collection } from '../../lib/kube/listAll.ts';
import { type Reflector, type ReflectorOptions, startReflector } from './reflector.ts';
import type { ObjectIdentity, ReflectorStore } from './reflectorStore.ts';

/** What the reflectors of all kinds share, and the scope of this one. */
type ReflectorRun = Omit<
  ReflectorOptions<unknown>,
  'name' | 'project' | 'store' | 'resource' | 'labelSelector' | 'metadataOnly'
>;

export interface WatchedKind<Change> {
  /** For logs and metrics: `pods`, `endpointslices-foreign`. */
  readonly kind: string;
  start(run: ReflectorRun, onChange: (change: Change) => void): Reflector;
}

interface KindOptions<T, Change> extends Omit<Collection, 'namespace'> {
  readonly kind: string;
  /** Throws `INPUT_INVALID`. */
  readonly project: (input: unknown) => T;
  /** The store of one watch; `namespace` undefined: of all. */
  readonly open: (namespace: string | undefined, onChange: (change: Change) => void) => ReflectorStore<T>;
}

export function watchedKind<T extends ObjectIdentity, Change>(options: KindOptions<T, Change>): WatchedKind<Change> {
  const { kind, open, ...collection } = options;
  return {
    kind,
    start: (run, onChange) =>
      startReflector({ ...run, ...collection, name: kind, store: open(run.namespace, onChange) }),
  };
}
