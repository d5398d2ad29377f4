/**
 * Decodes a body into the object that is stored. It prunes unknown fields, checks types, and drops
 * null and empty values as Go's omitempty does.
 *
 * Guarantees: the result shares nothing with the input, and holds only fields that the schema
 * knows.
 * Does not guarantee that it notices a field named twice: JSON.parse keeps the last.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
 */

import { type Fields, isFields } from '../json.ts';
import { decodeTime } from './decodeTime.ts';
import type { Schema } from './schema.ts';

export type Decoded =
  | { readonly kind: 'object'; readonly value: Fields; readonly unknownFields: readonly string[] }
  /** Carries the message of Go's decoder: a value of another type, or an unreadable instant. */
  | { readonly kind: 'wrongType'; readonly message: string };

export function decode(schema: Schema, input: Fields): Decoded {
  const state: State = { unknownFields: [], wrongType: undefined };
  const value = decodeStruct(schema, input, '', '', state);
  if (state.wrongType !== undefined) return { kind: 'wrongType', message: state.wrongType };
  return { kind: 'object', value, unknownFields: state.unknownFields };
}

interface State {
  readonly unknownFields: string[];
  wrongType: string | undefined;
}

/**
 * `path` has indices (`spec.ports[0].bar`); `goPath` has none, as in the messages of Go's decoder.
 */
function decodeStruct(schema: Schema, input: Fields, path: string, goPath: string, state: State): Fields {
  if (schema.property === null) return structuredClone(input);
  const entries: [string, unknown][] = [];
  for (const [key, raw] of Object.entries(input)) {
    const property = schema.property(key);
    const at = path === '' ? key : `${path}.${key}`;
    if (property === undefined) {
      state.unknownFields.push(at);
      continue;
    }
    const goAt = goPath === '' ? key : `${goPath}.${key}`;
    const value = decodeValue(property, raw, at, { struct: schema.typeName, goPath: goAt }, state);
    if (isKept(value, property, schema.required.has(key))) entries.push([key, value]);
  }
  return Object.fromEntries(entries);
}

interface Place {
  readonly struct: string;
  readonly goPath: string;
}

function decodeValue(schema: Schema, raw: unknown, path: string, place: Place, state: State): unknown {
  if (raw === null || raw === undefined) return null;
  const problem = typeProblem(schema, raw);
  if (problem !== undefined) {
    state.wrongType ??= `json: cannot unmarshal ${problem} into Go struct field ${place.struct}.${place.goPath} of type ${goType(schema)}`;
    return null;
  }
  if (Array.isArray(raw)) {
    const { items } = schema;
    if (items === null) return structuredClone(raw);
    return raw.map((each, index) => decodeValue(items, each, `${path}[${index}]`, place, state));
  }
  if (typeof raw === 'string' && schema.format === 'date-time') {
    const time = decodeTime(raw, schema.typeName === 'MicroTime');
    if (time.kind === 'time') return time.value;
    state.wrongType ??= time.message;
    return null;
  }
  if (!isFields(raw)) return raw;
  if (schema.property !== null) return decodeStruct(schema, raw, path, place.goPath, state);
  const { values } = schema;
  if (values === null) return structuredClone(raw);
  return Object.fromEntries(
    Object.entries(raw)
      .map(([key, each]): [string, unknown] => [key, decodeValue(values, each, `${path}.${key}`, place, state)])
      // Go reads null in a map of strings as "".
      .map(([key, each]): [string, unknown] => [key, each === null && values.type === 'string' ? '' : each]),
  );
}

/**
 * Drops what Go's `omitempty` would drop: null, and empty maps and lists. Structs and scalars stay.
 */
function isKept(value: unknown, schema: Schema, isRequired: boolean): boolean {
  if (value === null) return isRequired && schema.type === 'array';
  if (isRequired) return true;
  if (Array.isArray(value)) return value.length > 0;
  return !(isFields(value) && schema.property === null && schema.values !== null && Object.keys(value).length === 0);
}

function typeProblem(schema: Schema, raw: unknown): string | undefined {
  const actual = Array.isArray(raw) ? 'array' : isFields(raw) ? 'object' : typeof raw;
  const shown = actual === 'boolean' ? 'bool' : actual;
  switch (schema.type) {
    case 'any': // int-or-string and quantities: a scalar
      return schema.format === 'int-or-string' && (actual === 'object' || actual === 'array') ? shown : undefined;
    case 'integer':
      return actual === 'number' && Number.isInteger(raw) ? undefined : actual === 'number' ? `number ${raw}` : shown;
    default:
      return actual === schema.type ? undefined : shown;
  }
}

function goType(schema: Schema): string {
  switch (schema.type) {
    case 'integer':
      return schema.format === 'int64' ? 'int64' : 'int32';
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float64';
    case 'array':
      return `[]${schema.items === null ? 'interface {}' : goType(schema.items)}`;
    case 'object':
      return schema.values === null ? `v1.${schema.typeName}` : `map[string]${goType(schema.values)}`;
    case 'any':
      return 'intstr.IntOrString';
    default:
      return 'string';
  }
}
