/**
 * Lists objects of one namespace, parsed: a whole collection, what a label selector selects, or one
 * object by its name.
 *
 * Guarantees: consistent and complete. KUBE_INVALID for an object that cannot be read: nothing is
 * skipped silently. KUBE_GONE and KUBE_VERSION_TOO_LARGE only where a revision was asked for.
 */

import type { KubeApi, Resource } from '../../lib/kube/kubeApi.ts';
import { listAll } from '../../lib/kube/listAll.ts';
import type { ResourceVersion } from '../../lib/selection/snapshot.ts';
import { parseObject } from './parseObject.ts';

export interface List<T> {
  readonly items: readonly T[];
  readonly revision: ResourceVersion;
}

export interface ParsedCollection<T> {
  readonly api: KubeApi;
  readonly resource: Resource;
  readonly namespace: string;
  readonly parse: (input: unknown) => T;
  readonly signal: AbortSignal;
}

/** `selector` undefined: everything. Null: nothing but the revision. */
export async function listCollection<T>(
  { api, resource, namespace, parse, signal }: ParsedCollection<T>,
  selector?: string | null,
): Promise<List<T>> {
  const attempt = `list ${resource.plural} in ${namespace}`;
  if (selector === null) {
    const page = await api.list(resource, namespace, { limit: 1 }, signal);
    return { items: [], revision: toRevision(page.resourceVersion) };
  }
  let items: T[] = [];
  const begin = () => {
    items = [];
    return (item: unknown) => void items.push(parseObject(attempt, item, parse));
  };
  const collection = { resource, namespace, ...(selector !== undefined && { labelSelector: selector }) };
  const revision = await listAll(api, collection, { begin }, signal);
  return { items, revision: toRevision(revision) };
}

/**
 * A LIST and not a GET, because only a LIST says its revision. By that field an API server looks
 * nothing up but the one key. `at`: as it was at that revision; absent: now. `labelSelector`: none
 * where the object of that name has other labels.
 */
export async function readNamed<T>(
  { api, resource, namespace, parse, signal }: ParsedCollection<T>,
  name: string,
  at?: ResourceVersion,
  labelSelector?: string,
): Promise<List<T>> {
  const query = {
    fieldSelector: `metadata.name=${name}`,
    ...(labelSelector !== undefined && { labelSelector }),
    ...(at !== undefined && { resourceVersion: at, resourceVersionMatch: 'Exact' as const }),
  };
  const page = await api.list(resource, namespace, query, signal);
  const attempt = `list ${resource.plural} ${namespace}/${name}`;
  return {
    items: page.items.map((item) => parseObject(attempt, item, parse)),
    revision: toRevision(page.resourceVersion),
  };
}

function toRevision(text: string): ResourceVersion {
  return text as ResourceVersion;
}
