/**
 * Validates a value by a structural schema, in the words of the API server.
 *
 * Does not guarantee rules in CEL (`x-kubernetes-validations`), `oneOf`, `anyOf`, `allOf` and
 * `not`: they are not evaluated.
 * Source: k8s.io/kube-openapi/pkg/validation, by observation on kube-apiserver 1.35.4
 */

import { type FieldError, invalidValue, notSupported, required, tooMany } from '../fieldError.ts';
import { type Fields, fieldsAt, isFields, isSame, listAt, numberAt, textAt, textsAt } from '../json.ts';

export function validateValue(schema: Fields, value: unknown, path: string): readonly FieldError[] {
  const wrongType = typeError(schema, value, path);
  if (wrongType !== null) return [wrongType];
  const errors = [...enumErrors(schema, value, path)];
  if (typeof value === 'string') errors.push(...textErrors(schema, value, path));
  if (typeof value === 'number') errors.push(...numberErrors(schema, value, path));
  if (Array.isArray(value)) errors.push(...listErrors(schema, value, path));
  if (isFields(value)) errors.push(...objectErrors(schema, value, path));
  return errors;
}

function typeError(schema: Fields, value: unknown, path: string): FieldError | null {
  if (schema['x-kubernetes-int-or-string'] === true && (typeof value === 'string' || Number.isInteger(value)))
    return null;
  const wanted = textAt(schema, 'type');
  if (wanted === undefined || (value === null && schema['nullable'] === true)) return null;
  const actual = typeOf(value);
  if (actual === wanted || (wanted === 'number' && actual === 'integer')) return null;
  const detail = `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`;
  return { ...invalidValue(path, actual, detail), reason: 'FieldValueTypeInvalid' };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function enumErrors(schema: Fields, value: unknown, path: string): readonly FieldError[] {
  const choices = listAt(schema, 'enum');
  if (choices.length === 0 || choices.some((choice) => isSame(choice, value))) return [];
  return [notSupported(path, value, choices.map(String))];
}

function textErrors(schema: Fields, value: string, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { length } = [...value];
  const [max, min, pattern] = [
    numberAt(schema, 'maxLength'),
    numberAt(schema, 'minLength') ?? 0,
    textAt(schema, 'pattern'),
  ];
  if (max !== undefined && length > max)
    errors.push({ reason: 'FieldValueTooLong', field: path, message: `Too long: may not be more than ${max} bytes` });
  if (length < min) errors.push(invalidValue(path, value, `${path} in body should be at least ${min} chars long`));
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value))
    errors.push(invalidValue(path, value, `${path} in body should match '${pattern}'`));
  if (textAt(schema, 'format') === 'date-time' && Number.isNaN(Date.parse(value))) {
    const detail = `${path} in body must be of type date-time: ${JSON.stringify(value)}`;
    errors.push(invalidValue(path, value, detail));
  }
  return errors;
}

function numberErrors(schema: Fields, value: number, path: string): readonly FieldError[] {
  const [min, max] = [numberAt(schema, 'minimum'), numberAt(schema, 'maximum')];
  const wanted =
    min !== undefined && value < min
      ? `greater than or equal to ${min}`
      : max !== undefined && value > max
        ? `less than or equal to ${max}`
        : null;
  return wanted === null ? [] : [invalidValue(path, value, `${path} in body should be ${wanted}`)];
}

function listErrors(schema: Fields, value: readonly unknown[], path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const [max, min] = [numberAt(schema, 'maxItems'), numberAt(schema, 'minItems') ?? 0];
  if (max !== undefined && value.length > max) errors.push(tooMany(path, value.length, max));
  if (value.length < min)
    errors.push(invalidValue(path, value.length, `${path} in body should have at least ${min} items`));
  const items = fieldsAt(schema, 'items');
  return [...errors, ...value.flatMap((each, index) => validateValue(items, each, `${path}[${index}]`))];
}

function objectErrors(schema: Fields, value: Fields, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const max = numberAt(schema, 'maxProperties');
  const count = Object.keys(value).length;
  if (max !== undefined && count > max) errors.push(tooMany(path, count, max));
  const at = (key: string) => (path === '' ? key : `${path}.${key}`);
  for (const key of textsAt(schema, 'required')) if (!Object.hasOwn(value, key)) errors.push(required(at(key)));
  const properties = fieldsAt(schema, 'properties');
  const values = fieldsAt(schema, 'additionalProperties');
  for (const [key, each] of Object.entries(value)) {
    const property = Object.hasOwn(properties, key) ? fieldsAt(properties, key) : values;
    errors.push(...validateValue(property, each, at(key)));
  }
  return errors;
}
