/**
 * Finds and fills the parameters that the texts of a template name: `{{.parameters.x}}`,
 * `{{parameters.x}}`, `${parameters.x}`, as in the Go zen-flow.
 *
 * Only whole texts of the parsed template are touched, so that a value with a quote, a brace or a
 * line break stays one text and rewrites nothing. A value that holds a reference is not filled
 * again.
 *
 * Guarantees: pure; linear in the template and in what it becomes.
 */

import type { Json, JsonObject } from '../spec/flowSpec.ts';
import type { Values } from '../state/record.ts';

const REFERENCE =
  /\{\{\s{0,8}\.?parameters\.([A-Za-z][A-Za-z0-9_-]{0,62})\s{0,8}\}\}|\$\{parameters\.([A-Za-z][A-Za-z0-9_-]{0,62})\}/g;

/** A Job of more than this comes near the limit of etcd, with what Kubernetes adds. */
const MAX_GROWTH = 1_048_576;

export interface Reference {
  readonly name: string;
  /** In the template: `spec.template.spec.containers[0].args[1]`. */
  readonly path: string;
}

export function findReferences(template: Json, path: string): readonly Reference[] {
  const found: Reference[] = [];
  // All levels share it: most texts name no parameter, and need no path.
  const keys: string[] = [];
  const visit = (value: Json): void => {
    if (typeof value === 'string') {
      if (!value.includes('parameters.')) return;
      const at = `${path}${keys.join('')}`;
      for (const match of value.matchAll(REFERENCE)) found.push({ name: nameOf(match), path: at });
    } else if (Array.isArray(value)) for (const [index, each] of value.entries()) visitAt(`[${index}]`, each as Json);
    else if (isObject(value)) for (const [key, each] of Object.entries(value)) visitAt(`.${key}`, each);
  };
  const visitAt = (key: string, value: Json): void => {
    keys.push(key);
    visit(value);
    keys.pop();
  };
  visit(template);
  return found;
}

/** Null where the values make it too large. A name without a value stays as it is written. */
export function fillReferences(template: JsonObject, values: Values): JsonObject | null {
  let room = MAX_GROWTH;
  const fillText = (text: string): string =>
    text.includes('parameters.')
      ? text.replace(REFERENCE, (whole, go: string | undefined, shell: string | undefined) => {
          const name = go ?? shell ?? '';
          const value = Object.hasOwn(values, name) ? values[name] : undefined;
          if (value === undefined || room < 0) return whole;
          room -= value.length;
          return value;
        })
      : text;
  const fill = (value: Json): Json => {
    if (typeof value === 'string') return fillText(value);
    if (Array.isArray(value)) return value.map(fill);
    return isObject(value) ? fillFields(value) : value;
  };
  const fillFields = (fields: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(fields).map(([key, each]) => [key, fill(each)]));
  const filled = fillFields(template);
  return room < 0 ? null : filled;
}

function nameOf([, go, shell]: RegExpMatchArray): string {
  return go ?? shell ?? '';
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
