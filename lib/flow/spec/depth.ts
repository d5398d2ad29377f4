/**
 * Bounds how deep a spec may be nested, before anything that calls itself for each level reads it.
 *
 * The API server keeps what a template holds as it is, up to 10,000 levels. So many levels are more
 * than a stack has room for.
 *
 * Guarantees: pure; it goes no deeper than the bound itself.
 * Source: https://pkg.go.dev/sigs.k8s.io/json/internal/golang/encoding/json (maxNestingDepth)
 */

import { isObject } from './fieldReader.ts';
import type { Json, JsonObject, Problem } from './flowSpec.ts';

/** A whole Job with a Pod in it has about 15 levels. */
const MAX_DEPTH = 100;

/** Of a place in the template of a step: `spec.steps[0].template`. */
const NAMED_LEVELS = 3;

/** Null for a value that fits. */
export function findTooDeep(value: unknown, path: string): Problem | null {
  const keys = keysTooDeep(value, 1);
  if (keys === null) return null;
  const place = keys
    .reverse()
    .slice(0, NAMED_LEVELS)
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`));
  return {
    severity: 'error',
    path: `${path}${place.join('')}`,
    message: `is nested too deep: ${path} may have ${MAX_DEPTH} levels`,
  };
}

/**
 * The value itself where it fits. Else a copy without what lies too deep, which `findTooDeep` still
 * refuses.
 */
export function cutDepth(value: Json): Json;
export function cutDepth(value: Json | undefined): Json | undefined;
export function cutDepth(value: Json | undefined): Json | undefined {
  return value === undefined || keysTooDeep(value, 1) === null ? value : cut(value, 1);
}

/** The way to the first value that is too deep, its last key first. */
function keysTooDeep(value: unknown, depth: number): (string | number)[] | null {
  if (typeof value !== 'object' || value === null) return null;
  if (depth > MAX_DEPTH) return [];
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const keys = keysTooDeep(value[index], depth + 1);
      if (keys !== null) return push(keys, index);
    }
    return null;
  }
  // Not Object.entries, which makes a list for every object. JSON has own names only.
  for (const key in value) {
    const keys = keysTooDeep((value as JsonObject)[key], depth + 1);
    if (keys !== null) return push(keys, key);
  }
  return null;
}

function push(keys: (string | number)[], key: string | number): (string | number)[] {
  keys.push(key);
  return keys;
}

function cut(value: Json, depth: number): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return {};
  if (!isObject(value)) return value.map((each) => cut(each, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cut(each, depth + 1)]));
}
