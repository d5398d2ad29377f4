/** What a JSON value becomes when something else stands at one of its places, for fast-check. */

import fc from 'fast-check';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export function changedSomewhere(whole: Json): fc.Arbitrary<Json> {
  return fc
    .tuple(fc.constantFrom(...places(whole)), fc.jsonValue({ maxDepth: 2 }))
    .map(([place, junk]) => replaceAt(whole, place, junk as Json));
}

/**
 * The same, with what a parser may well take there: the value of another place, a field more, or
 * nothing.
 */
export function editedSomewhere(whole: Json): fc.Arbitrary<Json> {
  const place = fc.constantFrom(...places(whole));
  const isObject = (path: readonly string[]) => isParent(valueAt(whole, path)) && !Array.isArray(valueAt(whole, path));
  const moved = fc.tuple(place, place).map(([to, from]) => replaceAt(whole, to, valueAt(whole, from)));
  const removed = place
    .filter(([name]) => name !== undefined)
    .map((path) => {
      const parent = valueAt(whole, path.slice(0, -1));
      const kept = Object.entries(isParent(parent) ? parent : {}).filter(([name]) => name !== path.at(-1));
      const less = Array.isArray(parent) ? kept.map(([, child]) => child) : Object.fromEntries(kept);
      return replaceAt(whole, path.slice(0, -1), less);
    });
  const name = fc.constantFrom('x', 'zone', 'toString', '__proto__');
  const grown = fc
    .tuple(place.filter(isObject), name, fc.jsonValue({ maxDepth: 1 }))
    .map(([path, field, junk]) =>
      replaceAt(whole, path, { ...(valueAt(whole, path) as Record<string, Json>), [field]: junk as Json }),
    );
  return fc.oneof(moved, removed, grown);
}

function isParent(value: Json): value is Json[] | { [key: string]: Json } {
  return value !== null && typeof value === 'object';
}

function valueAt(value: Json, [key, ...rest]: readonly string[]): Json {
  if (key === undefined) return value;
  return valueAt((isParent(value) ? Object.entries(value).find(([name]) => name === key)?.[1] : null) ?? null, rest);
}

/** Every place in a JSON value, the root among them. */
function places(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  const below = isParent(value) ? Object.entries(value) : [];
  return [path, ...below.flatMap(([key, child]) => places(child, [...path, key]))];
}

function replaceAt(value: Json, [key, ...rest]: readonly string[], replacement: Json): Json {
  if (key === undefined) return replacement;
  const copy = Array.isArray(value) ? [...value] : isParent(value) ? { ...value } : value;
  if (Array.isArray(copy)) copy[Number(key)] = replaceAt(copy[Number(key)] ?? null, rest, replacement);
  else if (copy !== null && typeof copy === 'object') copy[key] = replaceAt(copy[key] ?? null, rest, replacement);
  return copy;
}
