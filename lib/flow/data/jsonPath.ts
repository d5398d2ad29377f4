/**
 * Reads one value out of JSON by a path, as `$.conditions[0].reason`.
 *
 * The subset of JSONPath that `kubectl -o jsonpath` and RFC 9535 share and that names one value:
 * fields, indexes, and the first element whose field equals a text, `[?(@.type=="Complete")]`. It
 * has no recursion and no expressions, so that reading takes as long as the path is.
 *
 * Guarantees: pure. A path is checked before a flow runs.
 * Source: https://kubernetes.io/docs/reference/kubectl/jsonpath/ ; RFC 9535
 */

import type { Json } from '../spec/flowSpec.ts';

type Part =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'first'; readonly field: string; readonly equals: string };

export type JsonPath = readonly Part[];

const PART =
  /\.([A-Za-z_][\w-]*)|\['([^'\\]{1,253})'\]|\[(\d{1,6})\]|\[\?\(@\.([A-Za-z_][\w-]*)\s*==\s*(?:"([^"\\]{0,253})"|'([^'\\]{0,253})')\)\]/y;

/** Null where it is not such a path. `$` alone is the whole. */
export function parseJsonPath(text: string): JsonPath | null {
  const trimmed = text.trim();
  const inner = trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed.slice(1, -1).trim() : trimmed;
  const path = inner.startsWith('$') ? inner.slice(1) : inner;
  if (inner === '' || (path === inner && !/^[.[]/.test(path))) return null;
  const parts: Part[] = [];
  for (let at = 0; at < path.length; at = PART.lastIndex) {
    PART.lastIndex = at;
    const match = PART.exec(path);
    if (match === null) return null;
    const [, name, quoted, index, field, double, single] = match;
    if (field !== undefined) parts.push({ kind: 'first', field, equals: double ?? single ?? '' });
    else if (index !== undefined) parts.push({ kind: 'index', index: Number(index) });
    else parts.push({ kind: 'field', name: name ?? quoted ?? '' });
  }
  return parts;
}

/** Undefined where nothing is there. */
export function readJsonPath(path: JsonPath, value: Json): Json | undefined {
  let found: Json | undefined = value;
  for (const part of path) {
    if (found === undefined || found === null) return undefined;
    found = step(part, found);
  }
  return found ?? undefined;
}

function step(part: Part, value: Json): Json | undefined {
  switch (part.kind) {
    case 'field':
      return fieldOf(value, part.name);
    case 'index':
      return isList(value) ? value[part.index] : undefined;
    case 'first':
      return isList(value) ? value.find((each) => fieldOf(each, part.field) === part.equals) : undefined;
  }
}

function fieldOf(value: Json, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || isList(value) || !Object.hasOwn(value, name)) return undefined;
  return value[name];
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** As a parameter holds it: a text as it is, all else as JSON. */
export function toText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
