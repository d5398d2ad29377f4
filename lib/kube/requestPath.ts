/**
 * Builds paths and queries of the Kubernetes API, as client.ts sends them.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ ("Resource URIs", "Resource
 * versions", "Watch bookmarks").
 */

import { ZenLeadError } from '../errors.ts';
import type { ListQuery, Resource, WatchQuery } from './kubeApi.ts';

export function toPath(resource: Resource, namespace: string | undefined, name?: string): string {
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const part = resource.subresource === undefined ? '' : `/${resource.subresource}`;
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}${part}`;
  return `${resource.groupVersion}${scope}/${resource.plural}${object}`;
}

/**
 * `resourceVersion=0` reads from whatever the API server's cache holds, however old. It is refused
 * here, so that no caller can ask for it. A version is not allowed beside `continue` (422, tried on
 * 1.35.4), because the token holds it.
 */
export function toListQuery(query: ListQuery): string {
  if (query.resourceVersion === '0') {
    throw new ZenLeadError('KUBE_INVALID', 'list: resourceVersion=0 may be arbitrarily old', { retry: 'never' });
  }
  return encodeQuery({
    labelSelector: query.labelSelector,
    fieldSelector: query.fieldSelector,
    limit: query.limit,
    continue: query.continue,
    resourceVersion: query.continue === undefined ? query.resourceVersion : undefined,
    resourceVersionMatch: query.continue === undefined ? query.resourceVersionMatch : undefined,
  });
}

export function toWatchQuery(query: WatchQuery): string {
  return encodeQuery({
    watch: 'true',
    allowWatchBookmarks: 'true',
    labelSelector: query.labelSelector,
    fieldSelector: query.fieldSelector,
    resourceVersion: query.resourceVersion,
    timeoutSeconds: query.timeoutSeconds,
  });
}

/**
 * `application/json` comes second. A server that cannot strip objects down sends them whole, and
 * the projections read both.
 */
export function toAccept(verb: 'list' | 'watch', metadataOnly: boolean | undefined): string {
  if (!metadataOnly) return 'application/json';
  const kind = verb === 'list' ? 'PartialObjectMetadataList' : 'PartialObjectMetadata';
  return `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;
}

function encodeQuery(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
