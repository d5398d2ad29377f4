import { expect, test } from 'vitest';
import { findProblems, type Schema } from './findProblems.ts';

const definitions: Readonly<Record<string, Schema>> = {
  probe: { type: 'object', properties: { periodSeconds: { type: 'integer' } } },
};
const schema: Schema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string' },
    mode: { type: 'string', enum: ['a', 'b'] },
    probes: { type: 'array', items: { allOf: [{ $ref: 'probe' }] } },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    port: { oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
};
const problems = (value: unknown) => findProblems(value, schema, (reference) => definitions[reference] ?? {}, 'it');

test('takes what the schema knows', () => {
  const value = { name: 'n', mode: 'a', probes: [{ periodSeconds: 1 }], labels: { any: 'thing' }, port: 'http' };
  expect(problems(value)).toEqual([]);
});

test.each([
  [
    'a misspelt field, however deep',
    { name: 'n', probes: [{ periodSecond: 1 }] },
    'it.probes[0].periodSecond: is not a field',
  ],
  [
    'a field of another type',
    { name: 'n', probes: [{ periodSeconds: '1' }] },
    'it.probes[0].periodSeconds: is string, wanted integer',
  ],
  ['a list where there is none', { name: ['n'] }, 'it.name: is a list, wanted string'],
  ['an object where there is none', { name: {} }, 'it.name: is an object, wanted string'],
  ['a value that is not allowed', { name: 'n', mode: 'c' }, 'it.mode: is none of a, b'],
  ['what is missing', { mode: 'a' }, 'it.name: is missing'],
  [
    'a map with a value of another type',
    { name: 'n', labels: { count: 1 } },
    'it.labels.count: is integer, wanted string',
  ],
  ['a port that is neither', { name: 'n', port: true }, 'it.port: is neither text nor a number'],
])('finds %s', (_name, value, problem) => {
  expect(problems(value)).toEqual([problem]);
});
