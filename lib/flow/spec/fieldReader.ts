/**
 * Takes typed fields out of the JSON of a flow, and collects what is wrong instead of stopping at
 * the first fault. A user wants the whole list at once.
 *
 * Guarantees: `null` counts as absent, as for the API server. A field that was not taken is
 * reported, because a typing error would otherwise change what a flow does.
 */

import { utf8Length } from '../state/utf8Length.ts';
import type { Json, JsonObject, Problem } from './flowSpec.ts';
import { MAX_SPAN, parseSpan } from './parseSpan.ts';

export interface FieldReader {
  readonly path: string;
  text(key: string, maxLength: number): string | null;
  /** A text that is bounded by its bytes. */
  value(key: string, maxBytes: number): string | null;
  flag(key: string): boolean;
  integer(key: string, range: { readonly min: number; readonly max: number }): number | null;
  number(key: string, min: number): number | null;
  choice<Choice extends string>(key: string, choices: readonly Choice[]): Choice | null;
  /** Of Go's form, as `1m30s`, in milliseconds. */
  span(key: string): number | null;
  object(key: string): JsonObject | null;
  /** False for `null`, too. */
  has(key: string): boolean;
  /** All of it, each field taken: an object that the API server checks. */
  whole(): JsonObject;
  /** Null when absent. */
  fields(key: string): FieldReader | null;
  list(key: string, range: { readonly min: number; readonly max: number }): readonly FieldReader[];
  texts(key: string, max: number): readonly string[];
  integers(key: string, range: { readonly min: number; readonly max: number }): readonly number[];
  textMap(
    key: string,
    limits: { readonly entries: number; readonly valueBytes: number },
  ): Readonly<Record<string, string>>;
  fault(key: string | null, message: string): void;
  /** Reports each field that was not taken. `hints` says more about some of them. */
  end(hints?: Readonly<Record<string, string>>): void;
}

export function readFields(value: unknown, path: string, problems: Problem[]): FieldReader {
  const fields = isObject(value) ? value : {};
  const taken = new Set<string>();
  const fault = (key: string | null, message: string): void => {
    problems.push({ severity: 'error', path: key === null ? path : `${path}.${key}`, message });
  };
  if (!isObject(value)) fault(null, `must be an object, not ${describe(value)}`);
  const take = (key: string): Json | undefined => {
    taken.add(key);
    return Object.hasOwn(fields, key) ? (fields[key] ?? undefined) : undefined;
  };
  function typed<T extends Json>(key: string, expected: string, fits: (value: Json) => value is T): T | null {
    const value = take(key);
    if (value === undefined) return null;
    if (fits(value)) return value;
    fault(key, `must be ${expected}, not ${describe(value)}`);
    return null;
  }
  const list = (key: string, { min, max }: { readonly min: number; readonly max: number }): readonly Json[] => {
    const values = typed(key, 'a list', isList) ?? [];
    if (values.length < min) fault(key, `must have at least ${min}`);
    if (values.length > max) fault(key, `has ${values.length}; at most ${max} are allowed`);
    return values.slice(0, max);
  };
  const reader: FieldReader = {
    path,
    text(key, maxLength) {
      const value = typed(key, 'a text', isText);
      if (value === null || value.length <= maxLength) return value;
      fault(key, `has ${value.length} characters; at most ${maxLength} are allowed`);
      return value.slice(0, maxLength);
    },
    value(key, maxBytes) {
      const value = typed(key, 'a text', isText);
      if (value === null || utf8Length(value) <= maxBytes) return value;
      fault(key, `has more than ${maxBytes} bytes`);
      return null;
    },
    flag: (key) => typed(key, 'true or false', isFlag) ?? false,
    integer(key, { min, max }) {
      const value = typed(key, 'a whole number', isInteger);
      if (value === null || (value >= min && value <= max)) return value;
      fault(key, `must be from ${min} to ${max}, not ${value}`);
      return null;
    },
    number(key, min) {
      const value = typed(key, 'a number', isNumber);
      if (value === null || value >= min) return value;
      fault(key, `must be at least ${min}, not ${value}`);
      return null;
    },
    choice(key, choices) {
      const value = typed(key, 'a text', isText);
      const found = choices.find((choice) => choice === value) ?? null;
      if (value !== null && found === null) fault(key, `must be one of ${choices.join(', ')}, not "${value}"`);
      return found;
    },
    span(key) {
      const value = typed(key, 'a span, as 30s or 5m', isText);
      const span = value === null ? null : parseSpan(value);
      if (value !== null && span === null)
        fault(key, `must be a span of at most ${MAX_SPAN}, as 30s or 5m, not "${value}"`);
      return span;
    },
    object: (key) => typed(key, 'an object', isObject),
    has: (key) => Object.hasOwn(fields, key) && (fields[key] ?? null) !== null,
    whole() {
      for (const key of Object.keys(fields)) taken.add(key);
      return fields;
    },
    fields(key) {
      const value = take(key);
      return value === undefined ? null : readFields(value, `${path}.${key}`, problems);
    },
    list: (key, range) =>
      list(key, range).map((value, index) => readFields(value, `${path}.${key}[${index}]`, problems)),
    texts(key, max) {
      const values = list(key, { min: 0, max });
      const wrong = values.findIndex((value) => !isText(value));
      if (wrong >= 0) fault(`${key}[${wrong}]`, `must be a text, not ${describe(values[wrong])}`);
      return values.filter(isText);
    },
    integers(key, range) {
      const values = list(key, range);
      const wrong = values.findIndex((value) => !isInteger(value));
      if (wrong >= 0) fault(`${key}[${wrong}]`, `must be a whole number, not ${describe(values[wrong])}`);
      return values.filter(isInteger);
    },
    textMap(key, { entries, valueBytes }) {
      const values = Object.entries(typed(key, 'an object', isObject) ?? {});
      if (values.length > entries) fault(key, `has ${values.length} entries; at most ${entries} are allowed`);
      for (const [name, value] of values) {
        if (!isText(value)) fault(`${key}.${name}`, `must be a text, not ${describe(value)}`);
        else if (utf8Length(value) > valueBytes) fault(`${key}.${name}`, `has more than ${valueBytes} bytes`);
      }
      return Object.fromEntries(
        values.slice(0, entries).filter((entry): entry is [string, string] => isText(entry[1])),
      );
    },
    fault,
    end(hints = {}) {
      for (const key of Object.keys(fields)) {
        if (!taken.has(key))
          fault(key, (Object.hasOwn(hints, key) ? hints[key] : null) ?? 'is not a field that zen-flow knows');
      }
    },
  };
  return reader;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isText = (value: Json): value is string => typeof value === 'string';
const isFlag = (value: Json): value is boolean => typeof value === 'boolean';
const isNumber = (value: Json): value is number => typeof value === 'number' && Number.isFinite(value);
const isInteger = (value: Json): value is number => Number.isSafeInteger(value);
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
