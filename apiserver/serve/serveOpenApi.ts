/**
 * Serves OpenAPI v3 as far as kubectl reads it: `fieldValidation` (kubectl then lets the server
 * validate), merge keys, and the fields for `kubectl explain`.
 *
 * Does not guarantee OpenAPI v2: it is not served.
 *
 * Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 */

import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { groupVersionOf, type Kind } from '../kind.ts';
import { openApiSchemas } from '../schema/schema.ts';
import { StatusError } from '../statusError.ts';
import { respondJson } from './respond.ts';

/** `path` is what follows `/openapi/`. */
export function serveOpenApi(kinds: readonly Kind[], path: string, response: ServerResponse): void {
  const versions = [...new Set(kinds.map((kind) => groupVersionOf(kind)))];
  if (path === 'v3') {
    const paths = Object.fromEntries(
      versions.map((version) => [documentPath(version), { serverRelativeURL: urlOf(kinds, version) }]),
    );
    respondJson(response, 200, JSON.stringify({ paths }));
    return;
  }
  const version = versions.find((each) => path === `v3/${documentPath(each)}`);
  if (version === undefined) {
    throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
  }
  respondJson(response, 200, JSON.stringify(documentOf(kinds, version)));
}

function documentPath(groupVersion: string): string {
  return groupVersion === 'v1' ? 'api/v1' : `apis/${groupVersion}`;
}

/** kubectl caches a document under its hash for good, so the hash follows the content. */
function urlOf(kinds: readonly Kind[], groupVersion: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(documentOf(kinds, groupVersion)))
    .digest('hex');
  return `/openapi/v3/${documentPath(groupVersion)}?hash=${hash.toUpperCase()}`;
}

function documentOf(kinds: readonly Kind[], groupVersion: string): object {
  const inGroup = kinds.filter((kind) => groupVersionOf(kind) === groupVersion);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.35' },
    paths: Object.fromEntries(inGroup.flatMap(pathsOf)),
    components: { schemas: schemasOf(inGroup) },
  };
}

function pathsOf(kind: Kind): readonly (readonly [string, object])[] {
  const { group, version } = kind;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const collection = kind.isNamespaced ? `${root}/namespaces/{namespace}/${kind.plural}` : `${root}/${kind.plural}`;
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${kind.schema}` } } };
  const operation = (action: string) => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind: kind.kind },
    parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
      name,
      in: 'query',
      schema: { type: 'string', uniqueItems: true },
    })),
    responses: { 200: { description: 'OK', content } },
  });
  return [
    [collection, { get: operation('list'), post: operation('post') }],
    [`${collection}/{name}`, { get: operation('get'), put: operation('put'), patch: operation('patch') }],
  ];
}

/** Returns the schemas of these kinds and all that they refer to. */
function schemasOf(kinds: readonly Kind[]): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const waiting = kinds.map((kind) => kind.schema);
  for (const { schema, openApi } of kinds) if (openApi !== undefined) found[schema] = openApi;
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found[name] !== undefined || openApiSchemas[name] === undefined) continue;
    found[name] = openApiSchemas[name];
    for (const [, reference] of JSON.stringify(found[name]).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (reference !== undefined) waiting.push(reference);
    }
  }
  return found;
}
