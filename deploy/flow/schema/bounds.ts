/**
 * Says the default and the bounds of a field in words, from its schema.
 *
 * `kubectl explain` shows descriptions, types and the values of an enum, but no default and no
 * bound. So a CRD has them in its descriptions as well.
 */

import { isObject } from '../../../lib/flow/spec/fieldReader.ts';
import { limits } from '../../../lib/flow/spec/limits.ts';
import type { Schema } from './schema.ts';

const number = (value: number): string => value.toLocaleString('en-US');

/** `1 to 500`, `up to 64 entries, each up to 4,096 characters`. Empty where there is none. */
export function boundsOf(schema: Schema): string {
  const inner = schema['items'] ?? schema['additionalProperties'];
  const parts = [
    range(schema, 'minimum', 'maximum', ''),
    range(schema, 'minLength', 'maxLength', ' characters'),
    range(schema, 'minItems', 'maxItems', ' entries'),
    range(schema, 'minProperties', 'maxProperties', ' entries'),
    isObject(inner) && inner['properties'] === undefined ? prefixed('each ', boundsOf(inner)) : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function range(schema: Schema, least: string, most: string, unit: string): string {
  const [from, to] = [schema[least], schema[most]];
  const isOpen = typeof to !== 'number' || to === limits.int32;
  if (typeof from === 'number')
    return isOpen ? `at least ${number(from)}${unit}` : `${number(from)} to ${number(to)}${unit}`;
  return isOpen ? '' : `up to ${number(to)}${unit}`;
}

/**
 * As it is written in YAML. Empty where there is none, and of an object, whose fields have their
 * own.
 */
export function defaultOf({ default: value }: Schema): string {
  return value === undefined || isObject(value) ? '' : String(value);
}

/** The schema with default and bounds in each description. */
export function withBounds(schema: Schema): Schema {
  const entries = Object.entries(schema).map(([key, value]) => [key, withInner(key, value)] as const);
  const { description } = schema;
  if (typeof description !== 'string') return Object.fromEntries(entries);
  const said = [prefixed('default ', defaultOf(schema)), boundsOf(schema)].filter((part) => part !== '').join('; ');
  return {
    ...Object.fromEntries(entries),
    description: said === '' ? description : `${description} ${sentence(said)}`,
  };
}

function withInner(key: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  if (key === 'items' || key === 'additionalProperties') return withBounds(value);
  if (key !== 'properties') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, isObject(each) ? withBounds(each) : each]),
  );
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

function prefixed(prefix: string, text: string): string {
  return text === '' ? '' : `${prefix}${text}`;
}
