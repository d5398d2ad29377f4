/**
 * Checks the context attributes of a CloudEvent to the letter, whatever mode they came in.
 *
 * Guarantees: INPUT_INVALID names the attribute. Unknown extensions pass with the type they came
 * with.
 * Source: CloudEvents 1.0.2, "Naming Conventions", "Type System", "REQUIRED Attributes", "OPTIONAL
 * Attributes"; JSON format 2.2 (null is unset).
 */

import { inputError } from '../errors.ts';
import { parseMediaType } from './mediaType.ts';
import { parseRfc3339 } from './rfc3339.ts';
import { isUri, isUriReference } from './uri.ts';

export type AttributeValue = string | boolean | number;

export interface Attributes {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  /** Epoch milliseconds. */
  readonly time?: number;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  readonly extensions: ReadonlyMap<string, AttributeValue>;
}

const CORE = new Set(['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema']);
const NAME = /^[a-z0-9]+$/;
/** Control characters and noncharacters; unpaired surrogates are asked for apart. */
const DISALLOWED = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;
const MAX_INTEGER = 2 ** 31 - 1;
/**
 * A consumer should accept an event of 64 KiB (CloudEvents 1.0.2, "Size Limits"), and one attribute
 * may be nearly all of it.
 */
export const MAX_ATTRIBUTE_LENGTH = 64 * 1024;

export function parseAttributes(raw: Iterable<readonly [string, unknown]>): Attributes {
  const values = new Map<string, AttributeValue>();
  for (const [name, value] of raw) {
    if (!NAME.test(name)) throw inputError(printable(name), 'attribute names consist of a-z and 0-9 only');
    if (value !== null && value !== undefined) values.set(name, parseValue(name, value));
  }

  if (required(values, 'specversion') !== '1.0') throw inputError('specversion', 'must be "1.0"');
  const source = required(values, 'source');
  if (!isUriReference(source)) throw inputError('source', 'is not a URI-reference (RFC 3986)');
  const datacontenttype = optional(values, 'datacontenttype');
  if (datacontenttype !== undefined && !parseMediaType(datacontenttype))
    throw inputError('datacontenttype', 'is not a media type (RFC 2046)');
  const dataschema = optional(values, 'dataschema');
  if (dataschema !== undefined && !isUri(dataschema)) throw inputError('dataschema', 'is not a URI (RFC 3986)');
  const subject = optional(values, 'subject');
  const time = parseTime(optional(values, 'time'));

  return {
    id: required(values, 'id'),
    source,
    type: required(values, 'type'),
    ...(subject === undefined ? {} : { subject }),
    ...(time === undefined ? {} : { time }),
    ...(datacontenttype === undefined ? {} : { datacontenttype }),
    ...(dataschema === undefined ? {} : { dataschema }),
    extensions: new Map([...values].filter(([name]) => !CORE.has(name))),
  };
}

function parseValue(name: string, value: unknown): AttributeValue {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || value > MAX_INTEGER || value < -MAX_INTEGER - 1)
      throw inputError(name, 'numbers are whole and of 32 bits in CloudEvents');
    return value;
  }
  if (typeof value !== 'string') throw inputError(name, 'must be a string, a boolean or an integer');
  if (value.length > MAX_ATTRIBUTE_LENGTH) throw inputError(name, `is longer than ${MAX_ATTRIBUTE_LENGTH} characters`);
  if (!value.isWellFormed() || DISALLOWED.test(value))
    throw inputError(name, 'has control characters, noncharacters or unpaired surrogates');
  return value;
}

function required(values: ReadonlyMap<string, AttributeValue>, name: string): string {
  const value = optional(values, name);
  if (value === undefined) throw inputError(name, 'is missing');
  return value;
}

function optional(values: ReadonlyMap<string, AttributeValue>, name: string): string | undefined {
  const value = values.get(name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw inputError(name, 'must be a string');
  if (value === '') throw inputError(name, 'is empty');
  return value;
}

function parseTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = parseRfc3339(text);
  if (at === null) throw inputError('time', 'is not an RFC 3339 timestamp');
  return at;
}

/** A name from outside, fit for a message. */
function printable(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
