/**
 * JSON, strictly: what two parsers could read differently is refused, so that nobody between the bridge and a function sees
 * another event than the function does. Called by `parseEnvelope` for every body.
 *
 * Guarantees: valid UTF-8 without BOM, RFC 8259 and nothing more (no NaN), no name twice in one object, no `__proto__` and no
 * `constructor.prototype` (they would reach a prototype in code that copies keys), depth bounded. INPUT_INVALID with the path.
 * Not guaranteed: that numbers are finite (`1e999` is valid JSON): the schemas check.
 * Source: RFC 8259 sections 4 (names SHOULD be unique), 8.1 (UTF-8, no BOM), 9 (a parser may limit depth).
 */

import { inputError } from '../errors.ts';

/** The deepest event of ours is 8 deep, a whole Pod of an ApiServerSource about 20. */
const MAX_DEPTH = 64;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `path` is what the document is called in messages; empty for a whole event. */
export function parseStrictJson(bytes: Uint8Array, path = ''): unknown {
  const text = decodeUtf8(bytes, path || 'body');
  if (text.charCodeAt(0) === 0xfeff) throw inputError(path || 'body', 'starts with a byte order mark (RFC 8259, 8.1)');
  // Depth first: what comes later may recurse.
  checkObjects(text, path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw inputError(path || 'body', `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw inputError(path, 'is not valid UTF-8', cause);
  }
}

interface Container {
  /** Null for an array. */
  readonly names: Set<string> | null;
  /** The name or index being read. */
  at: string | number;
}

/** One pass over the structure. Text that is not JSON may pass it: JSON.parse refuses that afterwards. */
function checkObjects(text: string, root: string): void {
  const open: Container[] = [];
  let expectsName = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    const top = open.at(-1);
    if (char === '"') {
      const end = endOfString(text, i);
      if (expectsName && top?.names) addName(top, top.names, decodeName(text.slice(i, end + 1)), open, root);
      expectsName = false;
      i = end;
    } else if (char === '{' || char === '[') {
      if (open.length === MAX_DEPTH) throw inputError(pathOf(open, root), `is nested deeper than ${MAX_DEPTH}`);
      open.push(char === '{' ? { names: new Set(), at: '' } : { names: null, at: 0 });
      expectsName = char === '{';
    } else if (char === '}' || char === ']') {
      open.pop();
      expectsName = false;
    } else if (char === ',' && top) {
      expectsName = top.names !== null;
      if (typeof top.at === 'number') top.at += 1;
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) i++;
    else if (code === 0x22) return i;
  }
  return text.length; // unterminated: JSON.parse says so
}

/** Names are compared unescaped: `"id"` and `"\u0069d"` are one name. */
function decodeName(raw: string): string {
  if (!raw.includes('\\')) return raw.slice(1, -1);
  try {
    return String(JSON.parse(raw));
  } catch {
    return raw; // not JSON: refused below
  }
}

function addName(top: Container, names: Set<string>, name: string, open: readonly Container[], root: string): void {
  top.at = name;
  if (names.has(name)) throw inputError(pathOf(open, root), 'occurs twice in one object');
  const parent = open.at(-2)?.at;
  if (name === '__proto__' || (name === 'prototype' && parent === 'constructor'))
    throw inputError(pathOf(open, root), 'is a name that reaches a prototype');
  names.add(name);
}

function pathOf(open: readonly Container[], root: string): string {
  const path = open.map(({ at }) => at).filter((at) => at !== '');
  return [...(root === '' ? [] : [root]), ...path].join('.') || 'body';
}
