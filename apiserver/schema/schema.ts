/**
 * Reads the schemas of the kinds out of kubernetes.json.
 *
 * Decoding needs types and known fields, strategic merge patches need merge keys, and /openapi/v3
 * serves the documents.
 *
 * Source: OpenAPI v3 of kube-apiserver 1.35 and its x-kubernetes extensions,
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 */

import { type Fields, fieldsAt, isFields, listAt, textAt, textsAt } from '../json.ts';
import document from './kubernetes.json' with { type: 'json' };

export interface Schema {
  /** `ServicePort`, for messages. */
  readonly typeName: string;
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'any';
  /** `int32`, `date-time`, `int-or-string`, ... */
  readonly format: string;
  /** For a struct, returns the schema of a field by its name. */
  readonly property: ((name: string) => Schema | undefined) | null;
  /** For a map, the schema of each value. */
  readonly values: Schema | null;
  readonly items: Schema | null;
  readonly required: ReadonlySet<string>;
  /**
   * For a list, the key that identifies its elements in a strategic merge patch; "" for a list of
   * plain values.
   */
  readonly mergeKey: string | null;
}

/** The documents as OpenAPI serves them. */
export const openApiSchemas: Fields = document;

const anything: Schema = {
  typeName: '',
  type: 'any',
  format: '',
  property: null,
  values: null,
  items: null,
  required: new Set(),
  mergeKey: null,
};
const cache = new Map<string, Schema>();

/**
 * Returns the schema of a kind by its OpenAPI name; an unknown name gets a schema without fields.
 */
export function schemaNamed(name: string): Schema {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const raw = openApiSchemas[name];
  if (!isFields(raw)) return anything;
  const made = parseSchema(raw, shortName(name));
  cache.set(name, made);
  return made;
}

function parseSchema(raw: Fields, typeName: string): Schema {
  const reference = textAt(raw, '$ref') ?? textAt(listAt(raw, 'allOf')[0], '$ref');
  if (reference !== undefined) {
    const name = reference.slice(reference.lastIndexOf('/') + 1);
    return { ...schemaNamed(name), ...mergeRule(raw) };
  }
  const properties = fieldsAt(raw, 'properties');
  const values = raw['additionalProperties'];
  const items = raw['items'];
  return {
    typeName,
    type: typeOf(raw),
    format: textAt(raw, 'format') ?? '',
    property: Object.hasOwn(raw, 'properties') ? lazyProperties(properties) : null,
    values: isFields(values) ? parseSchema(values, '') : null,
    items: isFields(items) ? parseSchema(items, '') : null,
    required: new Set(textsAt(raw, 'required')),
    ...mergeRule(raw),
  };
}

/**
 * Some types contain themselves (JSONSchemaProps), so a property is resolved when it is asked for.
 */
function lazyProperties(raw: Fields): (name: string) => Schema | undefined {
  const resolved = new Map<string, Schema>();
  return (name) => {
    const known = resolved.get(name);
    if (known !== undefined || !Object.hasOwn(raw, name)) return known;
    const made = parseSchema(fieldsAt(raw, name), '');
    resolved.set(name, made);
    return made;
  };
}

function mergeRule(raw: Fields): Pick<Schema, 'mergeKey'> {
  const isMerged = (textAt(raw, 'x-kubernetes-patch-strategy') ?? '').split(',').includes('merge');
  return { mergeKey: isMerged ? (textAt(raw, 'x-kubernetes-patch-merge-key') ?? '') : null };
}

function typeOf(raw: Fields): Schema['type'] {
  const type = textAt(raw, 'type');
  switch (type) {
    case 'object':
    case 'array':
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return type;
    default:
      return 'any';
  }
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
