/**
 * Reads what an API server of a version takes, from the OpenAPI that its published Go module
 * carries, and holds objects against it.
 *
 * Guarantees: a field that the version does not know is named by its path, as strict validation
 * would. Does not guarantee that the version behaves as a newer one does.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
}

export interface OpenApi {
  /** `/apis/discovery.k8s.io/v1` and `endpointslices`. */
  serves(groupVersion: string, plural: string): boolean;
  /** Null for a kind that the version does not have by itself. */
  unknownFields(object: KubernetesObject): readonly string[] | null;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
}

/** `module`: folder of k8s.io/kubernetes. */
export function readOpenApi(module: string): OpenApi {
  const { definitions, paths } = JSON.parse(readFileSync(join(module, 'api/openapi-spec/swagger.json'), 'utf8')) as {
    definitions: Record<string, Schema>;
    paths: Record<string, unknown>;
  };
  const byKind = new Map(
    Object.values(definitions).flatMap((schema) =>
      (schema['x-kubernetes-group-version-kind'] ?? []).map(({ group, version, kind }) => [
        `${group === '' ? version : `${group}/${version}`} ${kind}`,
        schema,
      ]),
    ),
  );

  function resolve(schema: Schema): Schema {
    return schema.$ref === undefined ? schema : (definitions[schema.$ref.replace('#/definitions/', '')] ?? {});
  }

  function* find(value: unknown, of: Schema, path: string): Generator<string> {
    const { properties, items, additionalProperties } = resolve(of);
    if (Array.isArray(value)) {
      if (items !== undefined) for (const each of value) yield* find(each, items, `${path}[]`);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    for (const [name, each] of Object.entries(value)) {
      const next = properties?.[name] ?? additionalProperties;
      if (next !== undefined) yield* find(each, next, `${path}.${name}`);
      // A schema without either takes what comes, such as a JSON value.
      else if (properties !== undefined) yield `${path}.${name}`;
    }
  }

  return {
    serves: (groupVersion, plural) =>
      Object.keys(paths).some((path) => path.startsWith(`${groupVersion}/`) && path.endsWith(`/${plural}`)),
    unknownFields(object) {
      const schema = byKind.get(`${object.apiVersion} ${object.kind}`);
      return schema === undefined ? null : [...new Set(find(object, schema, object.kind))];
    },
  };
}
