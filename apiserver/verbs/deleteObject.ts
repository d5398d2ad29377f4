/**
 * Deletes an object, or begins to: preconditions, grace period (pods), finalizers, propagation.
 *
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination and
 * https://kubernetes.io/docs/concepts/architecture/garbage-collection/#cascading-deletion
 */

import { type ApiState, timestamp } from '../apiState.ts';
import { fieldsAt, numberAt, textAt, textsAt, without } from '../json.ts';
import { type Kind, keyOf } from '../kind.ts';
import { isTerminating, type KubeObject, withMetadata } from '../kubeObject.ts';
import { notFound, preconditionFailed, StatusError } from '../statusError.ts';

export interface DeleteOptions {
  readonly isDryRun: boolean;
  /** For pods only; 0 removes at once. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export interface Deleted {
  /** Its last state, or its present one while it terminates. */
  readonly object: KubeObject;
  /** True while it is still there, with a deletionTimestamp. */
  readonly isPending: boolean;
}

const systemNamespaces = ['default', 'kube-system', 'kube-public'];

export function deleteObject(
  state: ApiState,
  kind: Kind,
  namespace: string | undefined,
  name: string,
  options: DeleteOptions,
): Deleted {
  const { store } = state;
  const key = keyOf(kind, namespace, name);
  const current = store.read(kind.collection, key)?.object;
  if (kind.kind === 'Namespace' && systemNamespaces.includes(name)) {
    const message = `namespaces "${name}" is forbidden: this namespace may not be deleted`;
    throw new StatusError(403, 'Forbidden', message, { name, kind: 'namespaces' });
  }
  if (current === undefined) throw notFound(kind, name);
  checkPreconditions(kind, current, options);
  const graceSeconds = kind.kind === 'Pod' ? podGraceSeconds(current, options) : 0;
  const finalizers = finalizersFor(current, options);
  const next = terminating(state, kind, current, graceSeconds, finalizers);
  const isPending = finalizers.length > 0 || graceSeconds > 0 || kind.kind === 'Namespace';
  if (options.isDryRun) return { object: next, isPending };
  if (!isPending) {
    const removed = store.remove(kind.collection, key)?.object ?? next;
    return { object: kind.kind === 'Pod' ? next : removed, isPending };
  }
  const isUnchanged = isTerminating(current) && next === current;
  return { object: isUnchanged ? current : store.write(kind.collection, key, next).object, isPending };
}

function checkPreconditions(kind: Kind, current: KubeObject, { uid, resourceVersion }: DeleteOptions): void {
  const { metadata } = current;
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw preconditionFailed(kind, metadata.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw preconditionFailed(kind, metadata.name, why);
  }
}

/**
 * A pod without a node, or one that has finished, needs no grace. A second delete can only shorten
 * it.
 */
function podGraceSeconds(pod: KubeObject, options: DeleteOptions): number {
  const phase = textAt(pod, 'status', 'phase') ?? '';
  if ((textAt(pod, 'spec', 'nodeName') ?? '') === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
  const asked = options.gracePeriodSeconds ?? numberAt(pod, 'spec', 'terminationGracePeriodSeconds') ?? 30;
  const running = isTerminating(pod) ? numberAt(pod.metadata, 'deletionGracePeriodSeconds') : undefined;
  return Math.max(0, running === undefined ? asked : Math.min(asked, running));
}

function finalizersFor(object: KubeObject, { propagationPolicy }: DeleteOptions): readonly string[] {
  const others = textsAt(object.metadata, 'finalizers').filter(
    (each) => propagationPolicy === undefined || (each !== 'orphan' && each !== 'foregroundDeletion'),
  );
  if (propagationPolicy === 'Orphan') return [...others, 'orphan'];
  return propagationPolicy === 'Foreground' ? [...others, 'foregroundDeletion'] : others;
}

function terminating(
  state: ApiState,
  kind: Kind,
  current: KubeObject,
  graceSeconds: number,
  finalizers: readonly string[],
): KubeObject {
  const { metadata } = current;
  const isSameGrace = numberAt(metadata, 'deletionGracePeriodSeconds') === graceSeconds || kind.kind === 'Namespace';
  const isSameFinalizers = finalizers.join() === textsAt(metadata, 'finalizers').join();
  if (isTerminating(current) && isSameGrace && isSameFinalizers) return current;
  const generation = numberAt(metadata, 'generation');
  const marked = withMetadata(
    { ...current, metadata: { ...metadata, ...without(metadata, 'finalizers'), finalizers: undefined } },
    {
      deletionTimestamp: timestamp(state.now() + graceSeconds * 1000),
      // A namespace has no grace period: it goes when it is empty.
      ...(kind.kind === 'Namespace' ? {} : { deletionGracePeriodSeconds: graceSeconds }),
      ...(generation === undefined || isTerminating(current) ? {} : { generation: generation + 1 }),
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
  );
  return kind.kind === 'Namespace'
    ? { ...marked, status: { ...fieldsAt(current, 'status'), phase: 'Terminating' } }
    : marked;
}
