/**
 * readState: reads one namespace from the API server. readService.ts reads one Service of it.
 *
 * It reads slices first. A record that another function writes meanwhile is then older than the
 * pods that we decide on, and our write fails on its resourceVersion. The other way round, old pods
 * would meet a new record. It reads Services last, so what a user wrote before a pod changed is
 * seen with that change, `paused` above all. Every LIST is consistent and complete.
 *
 * Guarantees: state is as new as its first request or newer. KUBE_INVALID for an object that cannot
 * be read: nothing is skipped silently.
 * Does not guarantee that the three lists are of one instant. Each has its own revision (S9
 * compares like with like).
 * Source:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#the-resourceversion-parameter
 * (unset: most recent).
 */

import { endpointSlices, type KubeApi, pods, services } from '../../lib/kube/kubeApi.ts';
import { parsePod } from '../../lib/kube/parsePod.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import type { PodView, Revisions, ServiceView, SliceView } from '../../lib/selection/snapshot.ts';
import { listCollection } from './listParsed.ts';
import { writableUntil } from './stateRead.ts';

export interface NamespaceRead {
  readonly namespace: string;
  /** Until when it may be written, epoch milliseconds. */
  readonly deadline: number;
  readonly pods: readonly PodView[];
  readonly services: readonly ServiceView[];
  readonly slices: readonly SliceView[];
  readonly revisions: Revisions;
}

export async function readState(
  api: KubeApi,
  namespace: string,
  now: () => number,
  signal: AbortSignal,
): Promise<NamespaceRead> {
  const startedAt = now();
  const of = { api, namespace, signal };
  const slices = await listCollection({ ...of, resource: endpointSlices, parse: parseSlice });
  const podList = await listCollection({ ...of, resource: pods, parse: parsePod });
  const serviceList = await listCollection({ ...of, resource: services, parse: parseService });
  return {
    namespace,
    deadline: writableUntil(startedAt, now()),
    pods: podList.items,
    services: serviceList.items,
    slices: slices.items,
    revisions: { pods: podList.revision, services: serviceList.revision, slices: slices.revision },
  };
}
