/**
 * Shares reads of namespaces: all that have to read a namespace while it is being read wait for one
 * more read.
 *
 * A reconcile that reads takes in the whole namespace. One by one, many of them at once (an opt-in
 * of all Services of a namespace, a view that was lost, Kubernetes before 1.35) cost the square of
 * their number.
 *
 * Guarantees: a read begins after all that get it have asked, so what a conflict was about is in
 * it. At most two reads of a namespace are wanted at once.
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';
import { createCoalescer } from './coalesce.ts';
import { type NamespaceRead, readState } from './readState.ts';

export type ReadNamespace = (namespace: string, signal: AbortSignal) => Promise<NamespaceRead>;

export function createSharedReads({ api, now }: { readonly api: KubeApi; readonly now: () => number }): ReadNamespace {
  const reads = createCoalescer<NamespaceRead>(Number.POSITIVE_INFINITY);
  return (namespace, signal) => reads.run(namespace, (stop) => readState(api, namespace, now, stop), signal);
}
