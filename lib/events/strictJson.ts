/**
 * Parses a body, and refuses more than JSON.parse does. An envelope is parsed apart from its data:
 * data that cannot be read is a hint, and no reason to refuse the event.
 *
 * Guarantees: valid UTF-8 without BOM, RFC 8259 and nothing more (no NaN), bounded depth.
 * No `__proto__` and no `constructor.prototype`: they would reach a prototype in code that copies
 * keys. INPUT_INVALID names the path.
 * Does not guarantee that a name occurs once in an object. The last value counts, as in JSON.parse;
 * only this parser reads the body.
 * Does not guarantee that numbers are finite (`1e999` is valid JSON): the schemas check.
 * Source: RFC 8259 sections 4 (names SHOULD be unique), 8.1 (UTF-8, no BOM), 9 (a parser may limit
 * depth).
 */

import { inputError } from '../errors.ts';

/** Our deepest event is 8 deep, a whole Pod of an ApiServerSource about 20. */
const MAX_DEPTH = 64;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `path` is the name of the document in messages. */
export function parseStrictJson(bytes: Uint8Array, path: string): unknown {
  const { value, checkMember } = parseJson(bytes, path);
  checkMember(value, path);
  return value;
}

export interface UncheckedJson {
  readonly value: unknown;
  /** Throws INPUT_INVALID where a part of `value` is nested too deep or reaches a prototype. */
  checkMember(member: unknown, path: string): void;
}

/** Leaves depth and names to `checkMember`, so that one member can be judged apart. */
export function parseJson(bytes: Uint8Array, path: string): UncheckedJson {
  const text = decodeUtf8(bytes, path);
  if (text.charCodeAt(0) === 0xfeff) throw inputError(path, 'starts with a byte order mark (RFC 8259, 8.1)');
  try {
    // V8 parses without recursion, so depth can be checked afterwards.
    const value: unknown = JSON.parse(text);
    const checkMember = (member: unknown, memberPath: string): void => {
      if (isContainer(member) && mayBeRefused(text)) checkValue(member, [], memberPath);
    };
    return { value, checkMember };
  } catch (cause) {
    throw inputError(path, `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function decodeUtf8(bytes: Uint8Array, path: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw inputError(path, 'is not valid UTF-8', cause);
  }
}

/**
 * Scans the text alone. Guarantees true when `checkValue` would refuse the value. Nearly every
 * event gets false, and is spared the walk.
 */
function mayBeRefused(text: string): boolean {
  // An escape can hide a name.
  return text.includes('__proto__') || text.includes('prototype') || text.includes('\\u') || isTooDeep(text);
}

/** `text` is valid JSON, so each bracket outside a string opens or closes a level. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
  }
  return false;
}

/** `indexOf` passes a string several times faster than a loop over its characters. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
}

/**
 * Refuses the first value that is nested too deep and the first name that reaches a prototype.
 * `path` leads to `value`. All levels share it, because a copy for each would cost more than the
 * check.
 */
function checkValue(value: Readonly<Record<string, unknown>>, path: string[], root: string): void {
  if (path.length === MAX_DEPTH) throw inputError(pathOf(path, root), `is nested deeper than ${MAX_DEPTH}`);
  const isConstructor = path.at(-1) === 'constructor';
  // Not Object.entries, which makes a list for every object. JSON has own names only.
  for (const name in value) {
    if (name === '__proto__' || (name === 'prototype' && isConstructor))
      throw inputError(pathOf([...path, name], root), 'is a name that reaches a prototype');
    const child = value[name];
    if (!isContainer(child)) continue;
    path.push(name);
    checkValue(child, path, root);
    path.pop();
  }
}

/** An array too: its indexes are names. */
function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function pathOf(path: readonly string[], root: string): string {
  return [root, ...path].join('.');
}
