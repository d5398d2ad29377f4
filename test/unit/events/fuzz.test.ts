/**
 * Fuzzes envelope and data from a seed: 20,000 events every day, 10^5 in CI, more on request with
 * `FUZZ_RUNS=10000000 npx vitest run test/unit/events/fuzz`. A failure prints its seed and path;
 * `FUZZ_SEED` replays it.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZenLeadError } from '../../../lib/errors.ts';
import { type Headers, parseEnvelope } from '../../../lib/events/envelope.ts';
import { type IncomingEvent, parseEvent } from '../../../lib/events/parseEvent.ts';
import { reconcileDataZod } from '../../../lib/events/reconcileSchema.ts';
import { aReconcileEvent, encodeHeaderValue } from '../../support/objects/anEvent.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 20_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_120);
/** Shares of the runs: whole events changed somewhere are what finds most. */
const parameters = (share: number): fc.Parameters<unknown> => ({ numRuns: Math.ceil(RUNS * share), seed: SEED });
const TIMEOUT_MS = Math.max(60_000, RUNS);

/**
 * The event, or the path of what was refused. Anything but a ZenLeadError with a path fails the
 * property.
 */
function read(headers: Headers, body: Uint8Array): IncomingEvent | string {
  try {
    return parseEvent(parseEnvelope(headers, body));
  } catch (error) {
    if (!(error instanceof ZenLeadError)) throw error;
    expect(['INPUT_INVALID', 'INPUT_UNSUPPORTED']).toContain(error.code);
    expect(error.retry).toBe('never');
    return error.path ?? fail(error);
  }
}

function fail(error: Error): never {
  throw new Error(`no path in: ${error.message}`);
}

/** Values that have broken parsers before, and anything JSON. */
const nasty = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e308,
    2 ** 53,
    '0',
    '00',
    '9'.repeat(400),
    'namespaces/a/services/b',
    '\u0000',
    '\ud800',
    [],
    {},
    [[]],
  ),
);
const names = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'id',
  'Data',
  'data_base64',
  'x',
  '',
  'é',
);

type Json = { [name: string]: unknown } | unknown[];

/** Goes down `steps` as far as there is something, and replaces, removes or adds there. */
function change(target: Json, steps: readonly number[], how: { kind: number; name: string; value: unknown }): void {
  let at = target;
  for (const step of steps) {
    const children = Object.values(at).filter((value): value is Json => typeof value === 'object' && value !== null);
    const next = children[step % Math.max(1, children.length)];
    if (next === undefined) break;
    at = next;
  }
  const keys = Object.keys(at);
  const key = keys[how.name.length % Math.max(1, keys.length)] ?? how.name;
  if (how.kind === 1) {
    Reflect.deleteProperty(at, key);
    return;
  }
  // Not an assignment: `__proto__` has to become a name in the JSON. A copy: what is drawn twice
  // must not contain itself.
  const value = structuredClone(how.value);
  Object.defineProperty(at, how.kind === 0 ? key : how.name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

const changes = fc.array(
  fc.record({
    steps: fc.array(fc.nat(12), { maxLength: 6 }),
    how: fc.record({ kind: fc.nat(2), name: names, value: nasty }),
  }),
  { minLength: 1, maxLength: 3 },
);

describe('whatever arrives', () => {
  it('whatever arrives as a whole event changed somewhere is read or refused with a path', {
    timeout: TIMEOUT_MS,
  }, () => {
    const seen = { readable: 0, unreadable: 0, refused: 0 };
    fc.assert(
      fc.property(changes, (list) => {
        const event = structuredClone(aReconcileEvent()) as unknown as Json;
        for (const { steps, how } of list) change(event, steps, how);
        const result = read({ 'content-type': 'application/cloudevents+json' }, Buffer.from(JSON.stringify(event)));
        if (typeof result === 'string' || result.kind !== 'reconcile') {
          seen.refused += 1;
          return;
        }
        seen[result.data.kind] += 1;
        if (result.data.kind === 'unreadable') expect(result.data.problem).toMatch(/^data/);
        else expect(reconcileDataZod.safeParse(result.data.value).success).toBe(true);
        expect(result.subject.namespace).toMatch(/^[a-z0-9-]+$/);
      }),
      parameters(0.5),
    );
    // A fuzzer that reaches one outcome only tests nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RUNS * 0.005);
  });

  it('whatever arrives as text with a few bytes changed is read or refused with a path', {
    timeout: TIMEOUT_MS,
  }, () => {
    const original = Buffer.from(JSON.stringify(aReconcileEvent()));
    const edit = fc.tuple(fc.nat(original.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.nat(original.length), (edits, length) => {
        const bytes = Buffer.from(original);
        for (const [at, byte] of edits) bytes[at] = byte;
        read({ 'content-type': 'application/cloudevents+json' }, length % 7 === 0 ? bytes.subarray(0, length) : bytes);
      }),
      parameters(0.3),
    );
  });

  it('whatever arrives as headers and bytes is read or refused with a path', { timeout: TIMEOUT_MS }, () => {
    const header = fc.constantFrom(
      'ce-id',
      'ce-source',
      'ce-type',
      'ce-specversion',
      'ce-time',
      'ce-subject',
      'ce-x',
      'ce-A',
      'content-type',
      'content-encoding',
    );
    const value = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 12 }),
      fc.constantFrom(
        '1.0',
        'application/json',
        'application/cloudevents+json',
        '%',
        '%C0%A0',
        '"a',
        'io.zen-lead.pod.added',
        '2026-11-20T10:00:00Z',
      ),
    );
    fc.assert(
      fc.property(
        fc.dictionary(header, value),
        fc.uint8Array({ maxLength: 40 }),
        (headers, body) => void read(headers, body),
      ),
      parameters(0.15),
    );
  });

  it('the two modes agree on every event', { timeout: TIMEOUT_MS }, () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        text,
        text,
        fc.dictionary(fc.stringMatching(/^[a-z0-9]{1,8}$/), text),
        fc.jsonValue({ maxDepth: 3 }),
        (id, subject, extensions, data) => {
          const attributes = {
            ...extensions,
            specversion: '1.0',
            id,
            source: '/s',
            type: 'io.zen-lead.leader.kept',
            subject,
            datacontenttype: 'application/json',
          };
          const { datacontenttype, ...inHeaders } = attributes;
          const headers = Object.fromEntries(
            Object.entries(inHeaders).map(([name, value]) => [`ce-${name}`, encodeHeaderValue(value)]),
          );
          const outcome = (run: () => unknown): unknown => {
            try {
              return run();
            } catch (error) {
              return error instanceof ZenLeadError ? 'refused' : error;
            }
          };
          const binary = outcome(() =>
            parseEnvelope({ ...headers, 'content-type': datacontenttype }, Buffer.from(JSON.stringify(data))),
          );
          const structured = outcome(() =>
            parseEnvelope(
              { 'content-type': 'application/cloudevents+json' },
              Buffer.from(JSON.stringify({ ...attributes, data })),
            ),
          );
          expect(binary).toEqual(structured);
        },
      ),
      parameters(0.05),
    );
  });
});
