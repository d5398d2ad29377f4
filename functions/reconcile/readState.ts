/**
 * readState: reads one namespace from the API server, for hints and after a conflict.
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

import { endpointSlices, type KubeApi, pods, type Resource, services } from '../../lib/kube/kubeApi.ts';
import { listAll } from '../../lib/kube/listAll.ts';
import { parsePod } from '../../lib/kube/parsePod.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import { buildSnapshot } from '../../lib/selection/buildSnapshot.ts';
import type {
  PodView,
  ResourceVersion,
  Revisions,
  ServiceView,
  SliceView,
  Snapshot,
} from '../../lib/selection/snapshot.ts';
import { parseObject } from './parseObject.ts';

export interface NamespaceRead {
  readonly namespace: string;
  /** Until when it may be written, epoch milliseconds. */
  readonly deadline: number;
  readonly pods: readonly PodView[];
  readonly services: readonly ServiceView[];
  readonly slices: readonly SliceView[];
  readonly revisions: Revisions;
}

/**
 * State read may be written for this long after the last answer, or for as long as the read took,
 * whichever is longer (docs/reference/events.md#hints). With a fixed time from the first request,
 * nothing was ever written through an API server that takes 700 ms a call. What fences a late write
 * is its resourceVersion (S3).
 */
const READ_LIFETIME_MS = 2_000;

export async function readState(
  api: KubeApi,
  namespace: string,
  now: () => number,
  signal: AbortSignal,
): Promise<NamespaceRead> {
  const startedAt = now();
  const slices = await listParsed(api, endpointSlices, namespace, parseSlice, signal);
  const podList = await listParsed(api, pods, namespace, parsePod, signal);
  const serviceList = await listParsed(api, services, namespace, parseService, signal);
  const answeredAt = now();
  return {
    namespace,
    deadline: answeredAt + Math.max(READ_LIFETIME_MS, answeredAt - startedAt),
    pods: podList.items,
    services: serviceList.items,
    slices: slices.items,
    revisions: { pods: podList.revision, services: serviceList.revision, slices: slices.revision },
  };
}

export function toSnapshot(state: NamespaceRead, name: string): Snapshot {
  const source = state.services.find((service) => service.name === name) ?? null;
  return buildSnapshot({ ...state, name, source });
}

interface List<T> {
  readonly items: readonly T[];
  readonly revision: ResourceVersion;
}

async function listParsed<T>(
  api: KubeApi,
  resource: Resource,
  namespace: string,
  parse: (input: unknown) => T,
  signal: AbortSignal,
): Promise<List<T>> {
  const attempt = `list ${resource.plural} in ${namespace}`;
  let items: T[] = [];
  const begin = () => {
    items = [];
    return (item: unknown) => void items.push(parseObject(attempt, item, parse));
  };
  const revision = await listAll(api, { resource, namespace }, { begin }, signal);
  return { items, revision: toRevision(revision) };
}

function toRevision(text: string): ResourceVersion {
  return text as ResourceVersion;
}
