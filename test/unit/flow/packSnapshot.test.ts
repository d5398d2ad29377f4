import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/flow/engine/advance.ts';
import {
  compressSnapshot,
  decompressSnapshot,
  MAX_UNCOMPRESSED_BYTES,
} from '../../../lib/flow/events/compressSnapshot.ts';
import { flowEventDataZod } from '../../../lib/flow/events/flowSchema.ts';
import { toFlowSchemaFiles } from '../../../lib/flow/events/flowSchemaFiles.ts';
import { lacksTemplate, packSnapshot, unpackSnapshot } from '../../../lib/flow/events/packSnapshot.ts';
import { parseWatchedFlow } from '../../../lib/flow/objects/parseWatchedFlow.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { type FlowRecord, newRecord } from '../../../lib/flow/state/record.ts';
import type { FlowSnapshot, JobView } from '../../../lib/flow/state/snapshot.ts';
import { aManualStep, aStep, aTemplate } from '../../support/objects/aFlow.ts';

const NOW = 1_000_000;

const aFlow = (spec: JsonObject, status?: JsonObject) =>
  parseWatchedFlow({
    metadata: {
      namespace: 'data',
      name: 'nightly',
      uid: 'u-1',
      resourceVersion: '7',
      generation: 2,
      creationTimestamp: '2026-01-01T00:00:00Z',
      managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }],
      annotations: { 'approved.workflow.kube-zen.io/q': 'true', other: 'x' },
    },
    spec,
    ...(status !== undefined && { status }),
  });

function aSnapshot(spec: JsonObject, fields: Partial<FlowSnapshot> = {}): FlowSnapshot {
  const flow = aFlow(spec);
  const record = { ...newRecord(flow.spec, flow.specHash, NOW), rev: 1 };
  return {
    flow,
    record: { uid: 'r-1', resourceVersion: '9', record },
    jobs: [],
    basis: 'watch',
    revisions: { flows: '7', jobs: '8' },
    ...fields,
  };
}

function recordOf({ record }: FlowSnapshot): FlowRecord {
  if (record?.record == null || record.record === 'unreadable') throw new Error('no record');
  return record.record;
}

/** As it arrives: over JSON, and checked. */
function travel(snapshot: FlowSnapshot, now = NOW): FlowSnapshot {
  const packed = packSnapshot(snapshot, now);
  const data = { change: { kind: 'Job', name: 'x', verb: 'modified' }, deadline: now, snapshot: packed };
  const parsed = flowEventDataZod.parse(JSON.parse(JSON.stringify(data)));
  if (parsed.snapshot === undefined) throw new Error('the snapshot has gone');
  const unpacked = unpackSnapshot(parsed.snapshot);
  if (unpacked === null) throw new Error('a fault');
  return unpacked;
}

const aJob = (fields: Partial<JobView>): JobView => ({
  ...{ name: 'j', uid: 'ju', resourceVersion: '3', step: 'a', attempt: 1 },
  ...{ isOurs: true, terminating: false, outcome: null },
  ...fields,
});

describe('the snapshot of a flow on its way', () => {
  it('carries the template of what is about to start, and no other', () => {
    const snapshot = aSnapshot({ steps: [aStep('a'), aStep('b', 'a'), aManualStep('q', ['b'])] });
    const { flow } = packSnapshot(snapshot, NOW);
    expect(flow?.object['spec']).toMatchObject({ steps: [{ name: 'a', template: aTemplate }, {}, {}] });
    expect(JSON.stringify(flow?.object).match(/"template":\{"spec":\{"template"/g)).toHaveLength(1);
    expect(JSON.stringify(flow)).not.toContain('managedFields');
    expect(JSON.stringify(flow)).not.toContain('other');
  });

  it('carries the template of a step that may be tried again, by an exit code that is yet to be read', () => {
    const retryPolicy = { limit: 1, when: 'exitCode == 3' };
    const snapshot = aSnapshot({ steps: [aStep('a', [], { retryPolicy }), aStep('b', 'a')] });
    const record = recordOf(snapshot);
    const steps = record.steps.map((step) => (step.name === 'a' ? { ...step, phase: 'Running' as const } : step));
    const running = { uid: 'r-1', resourceVersion: '9', record: { ...record, steps } };
    const failed = aJob({ outcome: { kind: 'Failed', reason: 'BackoffLimitExceeded', at: NOW } });
    const { flow } = packSnapshot({ ...snapshot, record: running, jobs: [failed] }, NOW);
    expect(flow?.object['spec']).toMatchObject({ steps: [{ name: 'a', template: aTemplate }, { name: 'b' }] });
    expect(JSON.stringify(flow?.object).match(/"template":\{"spec":\{"template"/g)).toHaveLength(1);
  });

  it('carries a shared template where a step that starts refers to it', () => {
    const templates = [
      { name: 'used', template: aTemplate },
      { name: 'later', template: aTemplate },
    ];
    const steps = [
      { name: 'a', templateRef: 'used' },
      { name: 'b', templateRef: 'later', dependencies: ['a'] },
    ];
    const unpacked = travel(aSnapshot({ templates, steps }));
    expect(unpacked.flow?.spec.templates.map(({ name }) => name)).toEqual(['used']);
    expect(lacksTemplate(unpacked.flow?.spec, [{ step: 'a', attempt: 1 }])).toBe(false);
    expect(lacksTemplate(unpacked.flow?.spec, [{ step: 'b', attempt: 1 }])).toBe(true);
  });

  it('carries a flow whole that has not started, because it is validated then', () => {
    const spec = { steps: [aStep('a'), aStep('b', 'a')] };
    for (const record of [null, { uid: 'r', resourceVersion: '1', record: null }]) {
      const snapshot = aSnapshot(spec, { record });
      const { source: _, ...flow } = snapshot.flow ?? {};
      expect(travel(snapshot)).toEqual({ ...snapshot, flow });
    }
  });

  it('leads to the same decision, whatever the state of the flow', () => {
    const names = ['a', 'b', 'c', 'd'];
    const anyStep = fc.record({
      phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Skipped'),
      attempt: fc.integer({ min: 1, max: 3 }),
      jobUid: fc.constantFrom(null, 'ju-a', 'ju-b'),
      endedAt: fc.constantFrom(null, NOW - 10),
    });
    const anyJob = fc.record({
      step: fc.constantFrom(...names),
      attempt: fc.integer({ min: 1, max: 3 }),
      uid: fc.constantFrom('ju-a', 'ju-b'),
      isOurs: fc.boolean(),
      terminating: fc.boolean(),
      outcome: fc.constantFrom(
        null,
        { kind: 'Complete', reason: '', at: NOW - 5 } as const,
        { kind: 'Failed', reason: 'DeadlineExceeded', at: NOW - 400_000 } as const,
      ),
    });
    const anyState = fc.record({
      states: fc.tuple(anyStep, anyStep, anyStep, anyStep),
      jobs: fc.array(anyJob, { maxLength: 6 }),
      retainJobs: fc.constantFrom('All', 'Failed', 'None'),
    });
    fc.assert(
      fc.property(anyState, ({ states, jobs, retainJobs }) => {
        const retryPolicy = { limit: 2 };
        const steps = [aStep('a', [], { retryPolicy }), aStep('b', 'a'), aStep('c', 'a'), aStep('d', ['b', 'c'])];
        const { flow, record, ...rest } = aSnapshot({ steps, executionPolicy: { retainJobs } });
        const decided = record?.record;
        if (flow === null || decided === null || decided === undefined || decided === 'unreadable') throw new Error();
        const rows = decided.steps.map(
          (step, at) => ({ ...step, ...states[at], startedAt: NOW - 1_000 }) as typeof step,
        );
        const snapshot: FlowSnapshot = {
          ...rest,
          flow,
          record: { uid: 'r', resourceVersion: '1', record: { ...decided, steps: rows } },
          jobs: jobs.map((job, at) => aJob({ ...job, name: `j${at}` })),
        };
        expect(advance(travel(snapshot), NOW)).toEqual(advance(snapshot, NOW));
      }),
    );
  });

  it('says which steps the view shows as failed, because a new failure is to be shown at once', () => {
    const steps = [
      { name: 'a', phase: 'Failed' },
      { name: 'b', phase: 'Succeeded' },
    ];
    const flow = aFlow({ steps: [aStep('a'), aStep('b')] }, { phase: 'Running', recordRevision: 3, steps });
    const seen = travel(aSnapshot({ steps: [aStep('a'), aStep('b')] }, { flow })).flow?.status;
    expect(seen).toMatchObject({ phase: 'Running', recordRevision: 3, steps: [{ name: 'a', phase: 'Failed' }] });
    expect(seen?.steps).toHaveLength(1);
  });

  it('is not decided on where this version finds a fault in a flow that has started', () => {
    const packed = packSnapshot(aSnapshot({ steps: [aStep('a')] }), NOW);
    const object = { ...packed.flow?.object, spec: { steps: [{ name: 'a' }], fromTheFuture: true } };
    expect(unpackSnapshot({ ...packed, flow: { specHash: 'x', isPartial: true, object } })).toBeNull();
  });

  it('has room for a flow of 300 steps within an event', () => {
    const steps = Array.from({ length: 300 }, (_, at) => aStep(`step-${at}`, at === 0 ? [] : `step-${at - 1}`));
    const snapshot = aSnapshot({ steps });
    const decided = snapshot.record?.record;
    if (decided === null || decided === undefined || decided === 'unreadable') throw new Error();
    const jobUid = '01234567-89ab-cdef-0123-456789abcdef';
    const rows = decided.steps.map((step) => ({
      ...step,
      ...({
        phase: 'Succeeded',
        jobUid,
        startedAt: 1_790_000_000_000,
        endedAt: 1_790_000_060_000,
        exitCode: 0,
      } as const),
    }));
    const record = { uid: 'r', resourceVersion: '1', record: { ...decided, steps: rows } };
    const jobs = rows.map(({ name }) =>
      aJob({ step: name, uid: jobUid, outcome: { kind: 'Complete', reason: '', at: NOW } }),
    );
    expect(JSON.stringify(packSnapshot({ ...snapshot, record, jobs }, NOW)).length).toBeLessThan(60 * 1024);
  });

  it('fits into an event with a thousand steps where it is compressed', () => {
    const steps = Array.from({ length: 1_000 }, (_, at) => ({
      ...aStep(`extract-table-${at}`, at === 0 ? [] : `extract-table-${at - 1}`),
      template: null,
      templateRef: 'work',
    }));
    const snapshot = aSnapshot({ templates: [{ name: 'work', template: aTemplate }], steps });
    const decided = snapshot.record?.record;
    if (decided === null || decided === undefined || decided === 'unreadable') throw new Error();
    const rows = decided.steps.map((step, at) => ({
      ...step,
      ...({ phase: 'Succeeded', jobUid: randomUUID(), exitCode: 0 } as const),
      startedAt: 1_790_000_000_000 + at * 61_234,
      endedAt: 1_790_000_060_000 + at * 61_567,
    }));
    const record = { uid: 'r', resourceVersion: '1', record: { ...decided, steps: rows } };
    const packed = JSON.stringify(packSnapshot({ ...snapshot, record }, NOW));
    const compressed = compressSnapshot(packed) ?? '';
    expect(packed.length).toBeGreaterThan(150_000);
    expect(compressed.length).toBeLessThan(60 * 1024);
    expect(decompressSnapshot(compressed, 'data.compressed')).toEqual(JSON.parse(packed));
  });
});

describe('a compressed snapshot', () => {
  const read = (text: string) => decompressSnapshot(text, 'data.compressed');
  const zip = (text: string) => gzipSync(text).toString('base64');

  it.each([
    ['is no gzip', Buffer.from('{}').toString('base64')],
    ['is cut off', zip('{"a": 1}').slice(0, 20)],
    ['would fill the memory', zip('0'.repeat(MAX_UNCOMPRESSED_BYTES + 1))],
    ['is no JSON', zip('{"a": ')],
    ['reaches a prototype', zip('{"__proto__": {"a": 1}}')],
    ['is nested too deep', zip(`${'['.repeat(100)}${']'.repeat(100)}`)],
  ])('that %s is refused, with the path', (_, text) => {
    expect(() => read(text)).toThrow(/^data\.compressed/);
  });

  it('is not made of more than a receiver takes', () => {
    expect(compressSnapshot('0'.repeat(MAX_UNCOMPRESSED_BYTES))).toEqual(expect.any(String));
    expect(compressSnapshot('0'.repeat(MAX_UNCOMPRESSED_BYTES + 1))).toBeNull();
  });
});

it.each([...toFlowSchemaFiles()])('schemas/%s is what the zod schema says (npm run schemas)', (name, text) => {
  expect(readFileSync(new URL(`../../../schemas/${name}`, import.meta.url), 'utf8')).toBe(text);
});
