/**
 * listAll: reads a whole collection, page by page.
 *
 * Guarantees:
 * - A consistent read, or one not older than `notOlderThan`; never resourceVersion=0. All pages are of one version.
 * - Where the continue token expires half-way (410: the pages took longer than the API server keeps history) it reads everything once
 *   more from the start, then without pages, which cannot expire.
 * - Where the version asked for is in the future (504, etcd was restored from an older backup) it asks for none.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */

import { codeOf } from '../errors.ts';
import type { KubeApi, ListQuery, Resource } from './kubeApi.ts';

/** What client-go asks for (tools/pager): a page of pods is then about 2 MB. */
const PAGE_SIZE = 500;

export interface Collection {
  readonly resource: Resource;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly labelSelector?: string;
  /** PartialObjectMetadata instead of whole objects. */
  readonly metadataOnly?: boolean;
}

interface ListStart {
  /** Absent: the most recent state. */
  readonly notOlderThan?: string | null;
  /** Called at the start and at every new start, which makes void what it returned before. */
  readonly begin: () => (object: unknown) => void;
}

/** Returns the resourceVersion of the list. Rejects with KUBE_ errors, and with what the function of `begin` throws. */
export async function listAll(
  api: KubeApi,
  collection: Collection,
  { notOlderThan = null, begin }: ListStart,
  signal: AbortSignal,
): Promise<string> {
  let version = notOlderThan;
  let limit: number | undefined = PAGE_SIZE;
  let isSecondStart = false;
  for (;;) {
    try {
      return await listFromStart(api, collection, version, limit, begin(), signal);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'KUBE_VERSION_TOO_LARGE' && version !== null) {
        version = null;
      } else if (code === 'KUBE_GONE' && limit !== undefined) {
        if (isSecondStart) limit = undefined;
        isSecondStart = true;
      } else {
        throw error;
      }
    }
  }
}

async function listFromStart(
  api: KubeApi,
  collection: Collection,
  notOlderThan: string | null,
  limit: number | undefined,
  add: (object: unknown) => void,
  signal: AbortSignal,
): Promise<string> {
  const { resource, namespace, labelSelector, metadataOnly } = collection;
  const query: ListQuery = {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(metadataOnly === undefined ? {} : { metadataOnly }),
    ...(limit === undefined ? {} : { limit }),
  };
  const version: ListQuery =
    notOlderThan === null ? {} : { resourceVersion: notOlderThan, resourceVersionMatch: 'NotOlderThan' };
  let page = await api.list(resource, namespace, { ...query, ...version }, signal);
  // The first page's version: should a server ever page over moving state, the watch tells again what came after it.
  const { resourceVersion } = page;
  for (;;) {
    for (const object of page.items) add(object);
    if (page.continue === undefined) return resourceVersion;
    page = await api.list(resource, namespace, { ...query, continue: page.continue }, signal);
  }
}
