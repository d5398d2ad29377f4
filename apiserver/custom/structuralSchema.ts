/**
 * Decodes a custom resource by the structural schema of its definition. It prunes unknown fields
 * and fills in defaults.
 *
 * Guarantees: the result shares nothing with the input. A null where the schema does not allow one
 * counts as absent, so that a default takes its place.
 * Source:
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
 * and #defaulting-and-nullable
 */

import { type Fields, fieldsAt, isFields, valueAt } from '../json.ts';

/** `path` as `spec.steps[0].name`. Each unknown field is added to `unknownFields`. */
export function pruneAndDefault(schema: Fields, value: unknown, path: string, unknownFields: string[]): unknown {
  if (Array.isArray(value)) {
    // Of a list that no schema describes, nothing is pruned.
    const isAny = schema['x-kubernetes-preserve-unknown-fields'] === true && !isFields(schema['items']);
    const items = isAny ? anything : fieldsAt(schema, 'items');
    return value.map((each, index) => pruneAndDefault(items, each, `${path}[${index}]`, unknownFields));
  }
  if (!isFields(value)) return value;
  const properties = fieldsAt(schema, 'properties');
  const entries: [string, unknown][] = [];
  for (const [key, each] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    const property = propertyOf(schema, key);
    if (property === 'unknown') unknownFields.push(at);
    else if (each !== null || property['nullable'] === true || property === anything)
      entries.push([key, pruneAndDefault(property, each, at, unknownFields)]);
  }
  const known = new Set(entries.map(([key]) => key));
  for (const [key, property] of Object.entries(properties)) {
    const byDefault = valueAt(property, 'default');
    if (known.has(key) || byDefault === undefined || !isFields(property)) continue;
    // The default of an object lacks what the defaults of its fields add.
    entries.push([key, pruneAndDefault(property, structuredClone(byDefault), key, [])]);
  }
  return Object.fromEntries(entries);
}

const anything: Fields = { 'x-kubernetes-preserve-unknown-fields': true };

function propertyOf(schema: Fields, key: string): Fields | 'unknown' {
  const properties = fieldsAt(schema, 'properties');
  const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
  if (isFields(property)) return property;
  const values = schema['additionalProperties'];
  if (isFields(values)) return values;
  return values === true || schema['x-kubernetes-preserve-unknown-fields'] === true ? anything : 'unknown';
}
