/**
 * Serves discovery: groups and resources, in the plain form and in the aggregated one that kubectl
 * asks for first.
 *
 * Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
 */

import type { ServerResponse } from 'node:http';
import { groupVersionOf, type Kind } from '../kind.ts';
import { respondJson } from './respond.ts';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
/** `kubectl drain` asks for it here. */
const evictionDocument = {
  name: 'pods/eviction',
  singularName: '',
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  verbs: ['create'],
};
const subresourceVerbs = ['get', 'patch', 'update'];

/** `path` is one that `parseRoute` knows: /, /api, /apis, a group, or a group and version. */
export function serveDiscovery(
  kinds: readonly Kind[],
  path: string,
  isAggregated: boolean,
  response: ServerResponse,
): void {
  const groups = [...new Set(kinds.map((kind) => kind.group))];
  if (isAggregated && (path === '/api' || path === '/apis')) {
    const wanted = groups.filter((group) => (group === '') === (path === '/api'));
    const items = wanted.map((group) => aggregatedGroup(kinds, group));
    const body = { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
    respondJson(response, 200, JSON.stringify(body), {
      'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    });
    return;
  }
  respondJson(response, 200, JSON.stringify(document(kinds, groups, path)));
}

function document(kinds: readonly Kind[], groups: readonly string[], path: string): object {
  const named = groups.filter((group) => group !== '');
  if (path === '/') {
    const versions = [...new Set(kinds.map((kind) => groupVersionOf(kind)))];
    return {
      paths: ['/api', '/apis', ...versions.map((version) => (version === 'v1' ? '/api/v1' : `/apis/${version}`))],
    };
  }
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/apis')
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map((group) => groupDocument(kinds, group)) };
  const group = named.find((each) => path === `/apis/${each}`);
  if (group !== undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(kinds, group) };
  const groupVersion = path.replace(/^\/apis?\//, '');
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: kinds.filter((kind) => groupVersionOf(kind) === groupVersion).flatMap(resourceDocuments),
  };
}

function groupDocument(kinds: readonly Kind[], group: string): object {
  const versions = versionsOf(kinds, group).map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function versionsOf(kinds: readonly Kind[], group: string): readonly string[] {
  return [...new Set(kinds.filter((kind) => kind.group === group).map(({ version }) => version))];
}

function resourceDocuments(kind: Kind): readonly object[] {
  const main = {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.isNamespaced,
    kind: kind.kind,
    verbs,
    ...names(kind),
  };
  const status = {
    name: `${kind.plural}/status`,
    singularName: '',
    namespaced: kind.isNamespaced,
    kind: kind.kind,
    verbs: subresourceVerbs,
  };
  const eviction = { ...evictionDocument, namespaced: kind.isNamespaced };
  return [main, ...(kind.hasStatus ? [status] : []), ...(kind.kind === 'Pod' ? [eviction] : [])];
}

function aggregatedGroup(kinds: readonly Kind[], group: string): object {
  const versions = versionsOf(kinds, group).map((version) => ({
    version,
    resources: kinds.filter((kind) => kind.group === group && kind.version === version).map(aggregatedResource),
    freshness: 'Current',
  }));
  return { metadata: group === '' ? {} : { name: group }, versions };
}

function aggregatedResource(kind: Kind): object {
  const responseKind = { group: '', version: '', kind: kind.kind };
  return {
    resource: kind.plural,
    responseKind,
    scope: kind.isNamespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs,
    ...names(kind),
    ...(kind.hasStatus ? { subresources: [{ subresource: 'status', responseKind, verbs: subresourceVerbs }] } : {}),
  };
}

function names({ shortNames, categories }: Kind): object {
  return {
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
}
