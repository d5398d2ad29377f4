/**
 * Routes a request by its path: a resource, a page of discovery, a health check, or nowhere.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
 */

import { groupVersionOf, type Kind } from '../kind.ts';

export type Route =
  | {
      readonly kind: 'resource';
      readonly resource: Kind;
      /** Undefined for a cluster-scoped resource, or for all namespaces. */
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly subresource: string;
      /** True for the deprecated `/api/v1/watch/...`. */
      readonly isWatchPath: boolean;
    }
  | { readonly kind: 'discovery'; readonly path: string }
  | { readonly kind: 'openapi'; readonly path: string }
  | { readonly kind: 'health' }
  | { readonly kind: 'version' }
  /** A path below a group that is served, without a resource: the answer is a Status. */
  | { readonly kind: 'unknownResource' }
  | { readonly kind: 'unknownPath' };

export function parseRoute(kinds: readonly Kind[], path: string): Route {
  const segments = segmentsOf(path);
  if (segments === null) return { kind: 'unknownPath' };
  const [first, second, third] = segments;
  switch (first) {
    case undefined:
      return { kind: 'discovery', path: '/' };
    case 'healthz':
    case 'livez':
    case 'readyz':
      return { kind: 'health' };
    case 'version':
      return { kind: 'version' };
    case 'openapi':
      return { kind: 'openapi', path: segments.slice(1).join('/') };
    case 'api':
      return segments.length <= 2
        ? discoveryRoute(kinds, segments, second)
        : resourceRoute(kinds, second ?? '', segments.slice(2));
    case 'apis':
      return segments.length <= 3
        ? discoveryRoute(kinds, segments, segments.length === 3 ? `${second}/${third}` : second)
        : resourceRoute(kinds, `${second}/${third}`, segments.slice(3));
    default:
      return { kind: 'unknownPath' };
  }
}

/** Null when an escape cannot be read. */
function segmentsOf(path: string): readonly string[] | null {
  try {
    return path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent);
  } catch {
    return null;
  }
}

function discoveryRoute(kinds: readonly Kind[], segments: readonly string[], group: string | undefined): Route {
  const isServed =
    group === undefined ||
    kinds.some((kind) => groupVersionOf(kind) === group || (kind.group === group && group !== ''));
  return isServed ? { kind: 'discovery', path: `/${segments.join('/')}` } : { kind: 'unknownPath' };
}

function resourceRoute(kinds: readonly Kind[], groupVersion: string, rest: readonly string[]): Route {
  const inGroup = kinds.filter((kind) => groupVersionOf(kind) === groupVersion);
  if (inGroup.length === 0) return { kind: 'unknownPath' };
  const isWatchPath = rest[0] === 'watch';
  const path = isWatchPath ? rest.slice(1) : rest;
  const isInNamespace = path[0] === 'namespaces' && path.length >= 3;
  const namespaced = isInNamespace ? inGroup.find((kind) => kind.plural === path[2] && kind.isNamespaced) : undefined;
  const [plural, name, subresource, ...more] = namespaced === undefined ? path : path.slice(2);
  const resource = namespaced ?? inGroup.find((kind) => kind.plural === plural);
  const isNameWithoutNamespace = resource?.isNamespaced === true && namespaced === undefined && name !== undefined;
  if (resource === undefined || more.length > 0 || isNameWithoutNamespace) return { kind: 'unknownResource' };
  return {
    kind: 'resource',
    resource,
    namespace: namespaced === undefined ? undefined : path[1],
    name,
    subresource: subresource ?? '',
    isWatchPath,
  };
}
