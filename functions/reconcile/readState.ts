/**
 * readState: one namespace, read from the API server. For hints, and after a conflict.
 *
 * Slices first: a record that somebody writes while we read is then older than the pods that we decide on, and our write fails on
 * its resourceVersion; the other way round old pods would meet a new record. Services last: what a user wrote before a pod changed is seen
 * with that change, `paused` above all. All of it by consistent LIST, all pages.
 *
 * Guarantees: state is as new as `readAt` or newer. KUBE_INVALID for an object that cannot be read: nothing is skipped silently.
 * Not guaranteed: that the three lists are of one instant; each has its own revision (S9 compares like with like).
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#the-resourceversion-parameter (unset: most recent).
 */

import { codeOf } from '../../lib/errors.ts';
import { endpointSlices, type KubeApi, pods, type Resource, services } from '../../lib/kube/kubeApi.ts';
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
  /** When the first request was sent, epoch milliseconds: what counts for `READ_LIFETIME_MS`. */
  readonly readAt: number;
  readonly pods: readonly PodView[];
  readonly services: readonly ServiceView[];
  readonly slices: readonly SliceView[];
  readonly revisions: Revisions;
}

/** State read must be written within this time of its first request (docs/reference/events.md). */
export const READ_LIFETIME_MS = 2_000;
/** The page size of the reflectors and of kubectl. */
const PAGE_SIZE = 500;
/** A continue token lives for minutes; if it expires under us twice, the namespace changes faster than it can be read. */
const MAX_LISTS = 2;

export async function readState(
  api: KubeApi,
  namespace: string,
  now: () => number,
  signal: AbortSignal,
): Promise<NamespaceRead> {
  const readAt = now();
  const slices = await listAll(api, endpointSlices, namespace, parseSlice, signal);
  const podList = await listAll(api, pods, namespace, parsePod, signal);
  const serviceList = await listAll(api, services, namespace, parseService, signal);
  return {
    namespace,
    readAt,
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

async function listAll<T>(
  api: KubeApi,
  resource: Resource,
  namespace: string,
  parse: (input: unknown) => T,
  signal: AbortSignal,
): Promise<List<T>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await listPages(api, resource, namespace, parse, signal);
    } catch (error) {
      if (codeOf(error) !== 'KUBE_GONE' || attempt === MAX_LISTS) throw error;
    }
  }
}

async function listPages<T>(
  api: KubeApi,
  resource: Resource,
  namespace: string,
  parse: (input: unknown) => T,
  signal: AbortSignal,
): Promise<List<T>> {
  const items: T[] = [];
  for (let token: string | undefined; ; ) {
    const query = { limit: PAGE_SIZE, ...(token === undefined ? {} : { continue: token }) };
    const page = await api.list(resource, namespace, query, signal);
    for (const item of page.items) items.push(parseObject(`list ${resource.plural} in ${namespace}`, item, parse));
    token = page.continue;
    if (token === undefined) return { items, revision: toRevision(page.resourceVersion) };
  }
}

function toRevision(text: string): ResourceVersion {
  return text as ResourceVersion;
}
