/**
 * Collects garbage: deletes an object when all of its owners have gone, and carries out `orphan`
 * and `foregroundDeletion`.
 *
 * A decision can run into this part of kube-controller-manager. It works right after the change, in
 * its own turn of the event loop.
 *
 * Guarantees: owners are distinguished by uid, so a namesake made later keeps nothing alive.
 *
 * Source: https://kubernetes.io/docs/concepts/architecture/garbage-collection/
 */

import type { ApiState } from '../apiState.ts';
import { listAt, textAt, textsAt, valueAt } from '../json.ts';
import { type Kind, keyOf } from '../kind.ts';
import { isTerminating, type KubeObject } from '../kubeObject.ts';
import type { Change, Entry } from '../revisionStore.ts';
import { deleteObject } from '../verbs/deleteObject.ts';
import { changeObject } from '../verbs/updateObject.ts';

interface Known {
  readonly kind: Kind;
  readonly entry: Entry;
}

/** Returns the function that ends it. `run` carries out the work later, never at once. */
export function collectGarbage(state: ApiState, run: (work: () => void) => void): () => void {
  const byUid = new Map<string, Known>();
  const dependents = new Map<string, Set<string>>();
  const waiting = new Set<string>();
  let isScheduled = false;
  let isStopped = false;

  const schedule = (uid: string): void => {
    waiting.add(uid);
    if (isScheduled) return;
    isScheduled = true;
    run(() => {
      isScheduled = false;
      const uids = [...waiting];
      waiting.clear();
      for (const each of uids) if (!isStopped) reconcile(each);
    });
  };

  const see = ({ type, collection, entry, previous }: Change): void => {
    const kind = state.kinds.find((each) => each.collection === collection);
    if (kind === undefined) return;
    const { uid } = entry.object.metadata;
    for (const owner of previous === null ? [] : ownersOf(previous.object)) dependents.get(owner)?.delete(uid);
    const owners = ownersOf(entry.object);
    if (type === 'DELETED') {
      byUid.delete(uid);
      for (const dependent of dependents.get(uid) ?? []) schedule(dependent);
      // An owner in foreground deletion waits for its dependents.
      for (const owner of owners) if (byUid.has(owner)) schedule(owner);
      if (dependents.get(uid)?.size === 0) dependents.delete(uid);
      return;
    }
    byUid.set(uid, { kind, entry });
    for (const owner of owners) {
      const known = dependents.get(owner);
      if (known === undefined) dependents.set(owner, new Set([uid]));
      else known.add(uid);
    }
    if (owners.length > 0 || isTerminating(entry.object)) schedule(uid);
  };

  const reconcile = (uid: string): void => {
    const known = byUid.get(uid);
    if (known === undefined) return;
    const { object } = known.entry;
    const finalizers = isTerminating(object) ? textsAt(object.metadata, 'finalizers') : [];
    const own = [...(dependents.get(uid) ?? [])].flatMap((each) => byUid.get(each) ?? []);
    if (finalizers.includes('orphan')) {
      for (const dependent of own) keepOwners(state, dependent, (owner) => owner !== uid);
      dropFinalizer(state, known, 'orphan');
    } else if (finalizers.includes('foregroundDeletion')) {
      const blocking = own.filter(({ entry }) => isBlocking(entry.object, uid));
      for (const dependent of blocking) {
        const { uid: dependentUid } = dependent.entry.object.metadata;
        remove(state, dependent, (dependents.get(dependentUid)?.size ?? 0) > 0 ? 'Foreground' : undefined);
      }
      if (blocking.length === 0) dropFinalizer(state, known, 'foregroundDeletion');
    } else {
      collect(known);
    }
  };

  const collect = (known: Known): void => {
    const owners = ownersOf(known.entry.object);
    const gone = owners.filter((owner) => !byUid.has(owner));
    if (owners.length === 0 || gone.length === 0) return;
    if (gone.length === owners.length) remove(state, known, undefined);
    else keepOwners(state, known, (owner) => !gone.includes(owner));
  };

  const unsubscribe = state.store.subscribe('all', see);
  return () => {
    isStopped = true;
    unsubscribe();
  };
}

function ownersOf(object: KubeObject): readonly string[] {
  return listAt(object.metadata, 'ownerReferences').flatMap((owner) => textAt(owner, 'uid') ?? []);
}

function isBlocking(object: KubeObject, ownerUid: string): boolean {
  return listAt(object.metadata, 'ownerReferences').some(
    (owner) => textAt(owner, 'uid') === ownerUid && valueAt(owner, 'blockOwnerDeletion') === true,
  );
}

function remove(state: ApiState, { kind, entry }: Known, propagationPolicy: 'Foreground' | undefined): void {
  const { metadata } = entry.object;
  const current = state.store.read(kind.collection, keyOf(kind, metadata.namespace, metadata.name))?.object;
  if (current === undefined || current.metadata.uid !== metadata.uid || isTerminating(current)) return;
  deleteObject(state, kind, metadata.namespace, metadata.name, {
    isDryRun: false,
    uid: metadata.uid,
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
  });
}

function keepOwners(state: ApiState, known: Known, isKept: (ownerUid: string) => boolean): void {
  change(state, known, (metadata) => {
    const kept = listAt(metadata, 'ownerReferences').filter((owner) => isKept(textAt(owner, 'uid') ?? ''));
    return { ...metadata, ownerReferences: kept.length === 0 ? undefined : kept };
  });
}

function dropFinalizer(state: ApiState, known: Known, finalizer: string): void {
  change(state, known, (metadata) => {
    const kept = textsAt(metadata, 'finalizers').filter((each) => each !== finalizer);
    return { ...metadata, finalizers: kept.length === 0 ? undefined : kept };
  });
}

function change(
  state: ApiState,
  { kind, entry }: Known,
  toMetadata: (metadata: KubeObject['metadata']) => Readonly<Record<string, unknown>>,
): void {
  const { namespace, name, uid } = entry.object.metadata;
  const current = state.store.read(kind.collection, keyOf(kind, namespace, name))?.object;
  if (current?.metadata.uid !== uid) return;
  changeObject(state, kind, namespace, name, (object) => ({ ...object, metadata: toMetadata(object.metadata) }), {
    isDryRun: false,
    subresource: '',
  });
}
