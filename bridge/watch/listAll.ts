/**
 * listAll: a whole collection, page by page. Called by the reflector, at its start and whenever the watch cannot be resumed.
 *
 * Guarantees: a consistent read, or one not older than `notOlderThan`; never resourceVersion=0. All pages are of one version. When
 * the continue token expires half-way (410: the pages took longer than the API server keeps history) everything is read once more
 * from the start, then without pages, which cannot expire. When the version asked for is in the future (504, etcd was
 * restored from an older backup) none is asked for.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */

import { codeOf } from '../../lib/errors.ts';
import type { KubeApi, ListQuery } from '../../lib/kube/kubeApi.ts';
import type { ReflectedResource } from './watchStream.ts';

/** What client-go asks for (tools/pager): a page of pods is then about 2 MB. */
const PAGE_SIZE = 500;

export interface ListStart {
  readonly notOlderThan: string | null;
  /** Called at the start and at every new start; what it returned before is void. */
  readonly begin: () => (object: unknown) => void;
}

/** Returns the resourceVersion to watch from. Rejects with KUBE_ errors, which the caller retries. */
export async function listAll(
  api: KubeApi,
  reflected: ReflectedResource,
  { notOlderThan, begin }: ListStart,
  signal: AbortSignal,
): Promise<string> {
  let version = notOlderThan;
  let limit: number | undefined = PAGE_SIZE;
  let isSecondStart = false;
  for (;;) {
    try {
      return await listFromStart(api, reflected, version, limit, begin(), signal);
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
  { resource, namespace, labelSelector, metadataOnly }: ReflectedResource,
  notOlderThan: string | null,
  limit: number | undefined,
  add: (object: unknown) => void,
  signal: AbortSignal,
): Promise<string> {
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
