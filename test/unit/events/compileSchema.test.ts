import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compileSchema } from '../../../lib/events/compileSchema.ts';
import { reconcileDataZod } from '../../../lib/events/reconcileSchema.ts';
import { flowEventDataZod } from '../../../lib/flow/events/flowSchema.ts';
import { packSnapshot } from '../../../lib/flow/events/packSnapshot.ts';
import { parseWatchedFlow } from '../../../lib/flow/objects/parseWatchedFlow.ts';
import { newRecord } from '../../../lib/flow/state/record.ts';
import { changedSomewhere, editedSomewhere, type Json } from '../../support/changedSomewhere.ts';
import { aStep } from '../../support/objects/aFlow.ts';
import { aPod, aService, observed, observedNodes, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

/** As it comes out of a message. */
const travelled = (value: unknown): Json => JSON.parse(JSON.stringify(value));

/** Every field that an event of the leaders may have. */
function aReconcile(): Json {
  const world = new World();
  world.setSource(aService({ followers: 'true', 'health-check': 'tcp://:5432' }));
  for (const name of ['db-0', 'db-1']) world.setPod(aPod({ name, priority: '1', exclude: 'false' }));
  world.reconcile(T0);
  world.reconcile(T0);
  world.observations = { ...observed({ 'db-0': {}, 'db-1': { verdict: 'failing', detail: 'refused' } }) };
  const snapshot = world.snapshot();
  const { services, slices } = snapshot;
  return travelled({
    change: { kind: 'Pod', name: 'db-0', uid: 'uid-db-0', resourceVersion: '7', verb: 'modified' },
    deadline: T0,
    snapshot: { ...snapshot, omitted: { Pending: 3 }, observer: 'bridge-0' },
    observations: { ...world.observations, ...observedNodes({ 'node-0': { cordoned: true, zone: 'a' } }) },
    carry: 'x',
    gone: { uid: 'uid-of-before', services, slices },
  });
}

function aFlowEvent(): Json {
  const flow = parseWatchedFlow({
    metadata: { namespace: 'data', name: 'nightly', uid: 'u-1', resourceVersion: '7', generation: 2 },
    spec: { steps: [aStep('a'), aStep('b')] },
  });
  const record = { ...newRecord(flow.spec, flow.specHash, T0), rev: 1 };
  const job = {
    ...{ name: 'nightly-a', uid: 'j-1', resourceVersion: '8', step: 'a', attempt: 1, isOurs: true, terminating: false },
    outcome: { kind: 'Failed', reason: 'DeadlineExceeded', at: T0 } as const,
    exitCode: 3,
  };
  const snapshot = packSnapshot(
    {
      flow,
      record: { uid: 'r-1', resourceVersion: '9', record },
      jobs: [job],
      basis: 'watch',
      revisions: { flows: '7', jobs: '8' },
    },
    T0,
  );
  const change = { kind: 'Job', name: 'nightly-a', verb: 'modified' };
  return travelled({ change, deadline: T0, snapshot, compressed: 'aGVsbG8=', carry: 'x' });
}

/** Compares quickly, because nearly all are the same. Returns whether it was taken. */
function expectSame<T>(schema: z.ZodType<T>, parse: (value: unknown) => z.ZodSafeParseResult<T>, given: Json): boolean {
  const text = JSON.stringify(given);
  const value: unknown = JSON.parse(text);
  const toResult = ({ success, data, error }: z.ZodSafeParseResult<T>) => ({ success, data, issues: error?.issues });
  const [ours, zods] = [toResult(parse(value)), toResult(schema.safeParse(JSON.parse(text)))];
  if (!isDeepStrictEqual(ours, zods)) expect(ours).toStrictEqual(zods);
  expect(JSON.stringify(value) === text).toBe(true);
  return zods.success;
}

describe('a compiled schema', () => {
  it.each([
    ['of the leaders', reconcileDataZod, aReconcile()],
    ['of a flow', flowEventDataZod, aFlowEvent()],
  ] as const)('takes an event %s without zod, which would have made a copy', (_, schema, event) => {
    const result = compileSchema<unknown>(schema)(event);
    expect(result.success).toBe(true);
    expect(result.data).toBe(event);
    expectSame<unknown>(schema, compileSchema<unknown>(schema), event);
  });

  it.each([
    ['of the leaders', reconcileDataZod, aReconcile()],
    ['of a flow', flowEventDataZod, aFlowEvent()],
  ] as const)(
    'says what zod says of an event %s that was changed somewhere, and leaves it as it is',
    (_, schema, event) => {
      const parse = compileSchema<unknown>(schema);
      const seen = { true: 0, false: 0 };
      fc.assert(
        fc.property(fc.oneof(changedSomewhere(event), editedSomewhere(event)), (changed) => {
          seen[`${expectSame<unknown>(schema, parse, changed)}`] += 1;
        }),
        { numRuns: 1_000 },
      );
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
    },
  );

  it('says what zod says of a field that is there and undefined', () => {
    const schema = z.object({ a: z.string().exactOptional() });
    expect(compileSchema(schema)({ a: undefined }).success).toBe(schema.safeParse({ a: undefined }).success);
    expect(compileSchema(schema)({}).success).toBe(true);
  });

  const text = z.string();
  it.each<[what: string, schema: z.ZodType]>([
    ['texts within bounds', text.min(1).max(1)],
    ['texts of a form', text.regex(/^1/)],
    ['a form that remembers', text.regex(/1/y)],
    ['a format', z.base64()],
    ['texts that are changed', text.trim()],
    ['numbers within bounds', z.number().min(1).max(2)],
    ['whole numbers', z.int()],
    ['numbers of another format', z.int32()],
    ['bounds that exclude', z.number().gt(1).lt(3)],
    ['coercion', z.union([z.coerce.number(), z.coerce.boolean()])],
    ['coercion to a text', z.coerce.string()],
    ['a value for what is absent', text.default('x')],
    ['a value for what is absent, inside', text.default('x').optional()],
    ['a value for what is wrong', text.catch('x')],
    ['what may be undefined', text.optional()],
    ['what may be absent', text.exactOptional()],
    ['what may be either', text.nullish()],
    ['a value that becomes nothing', text.transform(() => null)],
    ['a value that becomes undefined', text.transform(() => undefined)],
    ['refinements', text.refine((value) => value !== '1')],
    ['refinements of what may be absent', text.optional().refine((value) => value !== undefined)],
    ['other fields by schema', z.object({ x: text.optional() }).catchall(z.number())],
    ['other fields as they are', z.looseObject({ x: text.optional() })],
    ['no other fields', z.strictObject({ x: text.optional() })],
    ['other fields left out', z.object({ x: z.unknown().optional() })],
    ['any keys', z.record(text, z.unknown())],
    ['any keys, and texts that are changed', z.record(text, text.catch('x'))],
    ['keys of a list', z.record(z.enum(['x']), text)],
    ['keys within bounds', z.record(text.max(1), z.unknown())],
    ['lists within bounds', z.array(z.unknown()).min(1).max(1)],
    ['a union of texts and numbers', z.union([z.int(), text])],
    ['a union of objects', z.union([z.object({ yy: text.default('x') }), z.object({})])],
    ['exactly one of several', z.xor([text, text.min(1)])],
    ['an enum', z.enum(['1', 'x'])],
    ['an enum with numbers', z.enum({ x: 1, 1: 'x' })],
    ['a literal', z.literal('1')],
    ['a tuple', z.tuple([text])],
  ])('says what zod says of any value by a schema with %s, also inside', (_, schema) => {
    const leaf = fc.constantFrom<Json>('1', '21', '', ' x', 'x', 1, 2, 1.5, 3, 2 ** 40, null, true);
    const name = fc.constantFrom('x', 'yy', '1', '__proto__');
    const value = fc.oneof(leaf, fc.array(leaf, { maxLength: 2 }), fc.dictionary(name, leaf, { maxKeys: 2 }));
    const object = z.object({ a: schema });
    const list = z.array(schema);
    const [parse, parseObject, parseList] = [
      compileSchema(schema),
      compileSchema<unknown>(object),
      compileSchema<unknown>(list),
    ];
    fc.assert(
      fc.property(fc.oneof(leaf, value), fc.dictionary(name, leaf, { maxKeys: 1 }), (given, others) => {
        expectSame(schema, parse, given);
        expectSame<unknown>(list, parseList, [given]);
        expectSame<unknown>(object, parseObject, { ...others, a: given });
        expectSame<unknown>(object, parseObject, others);
      }),
      { numRuns: 300 },
    );
  });
});
