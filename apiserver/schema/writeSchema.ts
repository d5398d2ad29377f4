/**
 * Writes kubernetes.json: the schemas of the served kinds, without descriptions, from the OpenAPI
 * v3 documents of a kube-apiserver.
 *
 * Run it by hand for a new Kubernetes version: `node apiserver/schema/writeSchema.ts DIR`, then
 * `npm run format`. DIR holds what `kubectl get --raw /openapi/v3/api/v1` (and `apis/apps/v1`, ...)
 * printed, one `.json` file each.
 *
 * Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3 (Apache-2.0)
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Fields, fieldsAt, isFields } from '../json.ts';
import { coreKinds } from '../kinds/coreKinds.ts';
import { groupKinds } from '../kinds/groupKinds.ts';

const directory = process.argv[2] ?? '.';
const all: Record<string, Fields> = {};
for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
  const document: unknown = JSON.parse(readFileSync(join(directory, file), 'utf8'));
  for (const [name, schema] of Object.entries(fieldsAt(document, 'components', 'schemas'))) {
    if (isFields(schema)) all[name] = schema;
  }
}

const kept: Record<string, unknown> = {};
const waiting = [...coreKinds, ...groupKinds].map((kind) => kind.schema);
for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
  if (kept[name] !== undefined) continue;
  kept[name] = slim(all[name] ?? {});
  for (const [, reference] of JSON.stringify(kept[name]).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    if (reference !== undefined) waiting.push(reference);
  }
}
const sorted = Object.fromEntries(Object.entries(kept).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(new URL('./kubernetes.json', import.meta.url), `${JSON.stringify(sorted)}\n`);

/** Drops descriptions and defaults; `properties` may have members of those names. */
function slim(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(slim);
  if (!isFields(schema)) return schema;
  const entries = Object.entries(schema).filter(([key]) => key !== 'description' && key !== 'default');
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      key === 'properties' && isFields(value)
        ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, slim(each)]))
        : slim(value),
    ]),
  );
}
