/**
 * readSchemas: the published schemas of the kinds that we ship, from a folder beside the checkout (CONTRIBUTING.md says which).
 */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Resolve, Schema } from './findProblems.ts';

const directory = resolve(import.meta.dirname, '../../../../shared/schemas');

export interface KindSchema {
  readonly schema: Schema;
  readonly resolve: Resolve;
}

/** By `apps/v1 Deployment`. Null: the folder is not there. */
export function readSchemas(): ReadonlyMap<string, KindSchema> | null {
  if (!existsSync(directory)) return null;
  return new Map([
    ...globSync('kubernetes/**/*.json', { cwd: directory }).flatMap(readOpenApi),
    ...globSync('{knative-*,prometheus-operator}/*.yaml', { cwd: directory }).flatMap(readDefinition),
  ]);
}

interface OpenApi {
  readonly components: {
    readonly schemas: Readonly<
      Record<
        string,
        Schema & {
          readonly 'x-kubernetes-group-version-kind'?: readonly { group: string; version: string; kind: string }[];
        }
      >
    >;
  };
}

function readOpenApi(file: string): [string, KindSchema][] {
  const { components }: OpenApi = JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const follow = (reference: string): Schema => {
    const found = components.schemas[reference.replace('#/components/schemas/', '')];
    if (found === undefined) throw new Error(`${file}: no ${reference}`);
    return found;
  };
  return Object.values(components.schemas).flatMap((schema) =>
    (schema['x-kubernetes-group-version-kind'] ?? []).map(({ group, version, kind }): [string, KindSchema] => [
      `${group === '' ? '' : `${group}/`}${version} ${kind}`,
      { schema, resolve: follow },
    ]),
  );
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** A CustomResourceDefinition says nothing about metadata: the API server does. */
function readDefinition(file: string): [string, KindSchema][] {
  const { spec }: Definition = parse(readFileSync(join(directory, file), 'utf8'));
  return spec.versions.map(({ name, schema: { openAPIV3Schema } }) => [
    `${spec.group}/${name} ${spec.names.kind}`,
    {
      schema: {
        ...openAPIV3Schema,
        properties: { ...openAPIV3Schema.properties, apiVersion: {}, kind: {}, metadata: {} },
      },
      resolve: (reference) => {
        throw new Error(`${file}: ${reference} in a structural schema`);
      },
    },
  ]);
}
