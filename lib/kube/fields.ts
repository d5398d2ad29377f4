/**
 * Takes typed fields out of untyped JSON. Only here an API object's `unknown` becomes a string, a
 * number or a list. The projections do this for every object of every LIST and watch line.
 *
 * Guarantees: a field of the wrong type is an `INPUT_INVALID` that names its path. `null` counts as
 * absent, because the API server writes both (`endpoints: null`). A path is put together only for a
 * message, because paths would cost most with 100,000 pods.
 * Does not guarantee indexes in the path. `spec.containers[].ports[].name` names the field, and the
 * message's object the pod.
 */

import { inputError } from '../errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function takeFields(value: unknown, path: string): Fields {
  if (isFields(value)) return value;
  throw inputError(path, `expected an object, got ${describe(value)}`);
}

export function takeOptionalFields(fields: Fields, key: string, path: string): Fields | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  return isFields(value) ? value : failAt(path, key, 'an object', value);
}

export function takeString(fields: Fields, key: string, path: string): string {
  const value = fields[key];
  return typeof value === 'string' && value !== '' ? value : failAt(path, key, 'a string that is not empty', value);
}

export function takeOptionalString(fields: Fields, key: string, path: string): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : failAt(path, key, 'a string', value);
}

export function takeNumber(fields: Fields, key: string, path: string): number {
  const value = fields[key];
  return typeof value === 'number' ? value : failAt(path, key, 'a number', value);
}

export function takeOptionalNumber(fields: Fields, key: string, path: string): number | undefined {
  const value = fields[key];
  return value === undefined || value === null ? undefined : takeNumber(fields, key, path);
}

export function takeOptionalBoolean(fields: Fields, key: string, path: string): boolean | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'boolean' ? value : failAt(path, key, 'a boolean', value);
}

/** Empty when absent. */
export function takeList(fields: Fields, key: string, path: string): readonly unknown[] {
  const value = fields[key];
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : failAt(path, key, 'a list', value);
}

/** RFC 3339, as epoch milliseconds. */
export function takeOptionalTime(fields: Fields, key: string, path: string): number | undefined {
  const text = takeOptionalString(fields, key, path);
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? failAt(path, key, 'an RFC 3339 time', text) : at;
}

/** Undefined when absent or empty. Rejects anything else that is not in `allowed`. */
export function takeOptionalChoice<Choice extends string>(
  fields: Fields,
  key: string,
  path: string,
  allowed: readonly Choice[],
): Choice | undefined {
  const value = takeOptionalString(fields, key, path);
  if (value === undefined || value === '') return undefined;
  return allowed.find((choice) => choice === value) ?? failAt(path, key, `one of ${allowed.join(', ')}`, value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function failAt(path: string, key: string, expected: string, value: unknown): never {
  throw inputError(`${path}.${key}`, `expected ${expected}, got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
