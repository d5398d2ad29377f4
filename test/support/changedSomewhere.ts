/** What a JSON value becomes when anything else stands at one of its places, for fast-check. */

import fc from 'fast-check';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export function changedSomewhere(whole: Json): fc.Arbitrary<Json> {
  return fc
    .tuple(fc.constantFrom(...places(whole)), fc.jsonValue({ maxDepth: 2 }))
    .map(([place, junk]) => replaceAt(whole, place, junk as Json));
}

/** Every place in a JSON value, the root among them. */
function places(value: Json, path: readonly string[] = []): readonly (readonly string[])[] {
  const below = value !== null && typeof value === 'object' ? Object.entries(value) : [];
  return [path, ...below.flatMap(([key, child]) => places(child, [...path, key]))];
}

function replaceAt(value: Json, [key, ...rest]: readonly string[], replacement: Json): Json {
  if (key === undefined) return replacement;
  const copy = structuredClone(value);
  if (Array.isArray(copy)) copy[Number(key)] = replaceAt(copy[Number(key)] ?? null, rest, replacement);
  else if (copy !== null && typeof copy === 'object') copy[key] = replaceAt(copy[key] ?? null, rest, replacement);
  return copy;
}
