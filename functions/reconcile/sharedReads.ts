/**
 * Reads of namespaces, shared: whoever has to read a namespace while it is being read waits for one more read, together with all others.
 *
 * A reconcile that reads takes in the whole namespace. Each for itself, many at once (an opt-in of all Services of a namespace, a view that was
 * lost, Kubernetes before 1.35) cost the square of their number. Called once by `createReconciler`.
 *
 * Guarantees: a read begins after everybody who is given it has asked, so what a conflict was about is in it. Bounded by who asks:
 * two reads for each namespace that is looked at.
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { createCoalescer } from './coalesce.ts';
import { type NamespaceRead, readState } from './readState.ts';

export type ReadNamespace = (namespace: string, signal: AbortSignal) => Promise<NamespaceRead>;

export function createSharedReads({ api, now }: { readonly api: KubeApi; readonly now: () => number }): ReadNamespace {
  const reads = createCoalescer<NamespaceRead>(Number.POSITIVE_INFINITY);
  return (namespace, signal) => reads.run(namespace, (stop) => readState(api, namespace, now, stop), signal);
}
