/**
 * Reads a whole collection, page by page.
 *
 * Guarantees:
 * - A consistent read, or one not older than `notOlderThan`; never resourceVersion=0. All pages are
 *   of one version.
 * - A page has some 4 MiB, by the size of the objects on the previous page. A page of 500 fat pods
 *   would take hundreds.
 * - A continue token expires half-way (410) when the pages take longer than the API server keeps
 *   history. Then everything is read again from the start. After a second 410 it is read without
 *   pages, which cannot expire.
 * - Where the version asked for is in the future (504, etcd was restored from an older backup), the
 *   next request asks for none.
 * Source:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */

import { codeOf } from '../errors.ts';
import type { KubeApi, ListPage, ListQuery, Resource } from './kubeApi.ts';

/** Memory holds a page as bytes, as text and as objects at once, in each of four watches. */
const PAGE_BYTES = 4 * 1024 * 1024;
/**
 * For the first page, before the size of any object is known. An object has 1.5 MiB at most (etcd's
 * limit), so this is 75 MiB at worst. A namespace of more objects costs one request more.
 */
const FIRST_PAGE = 50;
/** What client-go asks for (tools/pager): a page of pods is then about 2 MB. */
const LARGEST_PAGE = 500;
/** More requests than that cost the API server more than they save here. */
const SMALLEST_PAGE = 10;

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
  /** Runs at the start and at every new start, which makes void what it returned before. */
  readonly begin: () => (object: unknown) => void;
}

/**
 * Returns the resourceVersion of the list. Rejects with KUBE_ errors, and with what the function of
 * `begin` throws.
 */
export async function listAll(
  api: KubeApi,
  collection: Collection,
  { notOlderThan = null, begin }: ListStart,
  signal: AbortSignal,
): Promise<string> {
  let version = notOlderThan;
  let limit: number | undefined = FIRST_PAGE;
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
  };
  const pages = (size: number | undefined): ListQuery => (size === undefined ? {} : { limit: size });
  const version: ListQuery =
    notOlderThan === null ? {} : { resourceVersion: notOlderThan, resourceVersionMatch: 'NotOlderThan' };
  let page = await api.list(resource, namespace, { ...query, ...pages(limit), ...version }, signal);
  // The version is that of the first page. If a server ever paged over moving state, the watch
  // would repeat what came after it.
  const { resourceVersion } = page;
  let size = limit;
  for (;;) {
    for (const object of page.items) add(object);
    if (page.continue === undefined) return resourceVersion;
    if (size !== undefined) size = nextPageSize(size, page);
    page = await api.list(resource, namespace, { ...query, ...pages(size), continue: page.continue }, signal);
  }
}

/** What would have made the last page as long as a page should be. */
function nextPageSize(size: number, { items, length }: ListPage): number {
  if (length === undefined || items.length === 0) return size;
  const fitting = Math.floor((PAGE_BYTES * items.length) / length);
  return Math.min(LARGEST_PAGE, Math.max(SMALLEST_PAGE, fitting));
}
