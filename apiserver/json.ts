/**
 * Reads, compares and freezes JSON values as the API server handles them.
 *
 * Objects in the store are frozen: a watch, a test or the demo can alias one and never change it.
 *
 * Guarantees: a reader never throws. It returns undefined, `{}` or `[]` where the path is absent or
 * of another type.
 */

export type Fields = { readonly [key: string]: unknown };

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (!isFields(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

export function fieldsAt(value: unknown, ...path: readonly string[]): Fields {
  const at = valueAt(value, ...path);
  return isFields(at) ? at : {};
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const at = valueAt(value, ...path);
  return Array.isArray(at) ? at : [];
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const at = valueAt(value, ...path);
  return typeof at === 'string' ? at : undefined;
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const at = valueAt(value, ...path);
  return typeof at === 'number' ? at : undefined;
}

/** Returns the strings of a list and drops everything else. */
export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  return listAt(value, ...path).filter((each) => typeof each === 'string');
}

/** Compares deeply; a key whose value is undefined counts as absent. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, index) => isSame(each, b[index]));
  }
  if (!isFields(a) || !isFields(b)) return false;
  const definedKeys = (value: Fields) => Object.keys(value).filter((key) => value[key] !== undefined);
  const keys = definedKeys(a);
  return keys.length === definedKeys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]));
}

/** Returns the fields without the named ones. */
export function without(value: Fields, ...keys: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

/** Freezes the value and all below it. A frozen value is assumed to be frozen throughout. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const each of Object.values(value)) freeze(each);
  return Object.freeze(value);
}
