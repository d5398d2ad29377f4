import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/flow/engine/advance.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { hashSpec } from '../../../lib/flow/state/hashSpec.ts';
import { newRecord, parseRecord, serializeRecord } from '../../../lib/flow/state/record.ts';
import { jobOf } from '../../../lib/flow/writes/jobOf.ts';
import { toWrites } from '../../../lib/flow/writes/toWrites.ts';
import { aFlowWorld, aSpec, aStep, aTemplate } from '../../support/objects/aFlow.ts';

const flow = { namespace: 'data', name: 'nightly', uid: 'flow-uid' };

function jobFor(fields: JsonObject, policy: JsonObject = {}, more: JsonObject = {}): JsonObject {
  const spec = aSpec({ steps: [aStep('a', [], fields)], executionPolicy: policy, ...more });
  const [step] = spec.steps;
  if (step === undefined) throw new Error('no step');
  return jobOf(flow, spec, newRecord(spec, '', 0), step, 2) ?? {};
}

describe('the Job of an attempt', () => {
  it('says whose it is, and is owned by the flow', () => {
    expect(jobFor({})).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: expect.stringMatching(/^nightly-a-2-[a-z0-9]{8}$/),
        namespace: 'data',
        labels: {
          'workflow.kube-zen.io/flow': 'nightly',
          'workflow.kube-zen.io/step': 'a',
          'workflow.kube-zen.io/managed-by': 'zen-flow',
          'workflow.kube-zen.io/flow-uid': 'flow-uid',
          'workflow.kube-zen.io/attempt': '2',
        },
        ownerReferences: [
          {
            apiVersion: 'workflow.kube-zen.io/v1alpha1',
            kind: 'JobFlow',
            name: 'nightly',
            uid: 'flow-uid',
            controller: true,
          },
        ],
      },
      spec: aTemplate['spec'],
    });
  });

  it('keeps labels and annotations of its template, but not those that are ours', () => {
    const metadata = { labels: { team: 'x', 'workflow.kube-zen.io/step': 'other' }, annotations: { note: 'y' } };
    expect(jobFor({ template: { ...aTemplate, metadata } })).toMatchObject({
      metadata: { labels: { team: 'x', 'workflow.kube-zen.io/step': 'a' }, annotations: { note: 'y' } },
    });
  });

  it('has the time-out of the step, so that it fires while zen-flow is down', () => {
    expect(jobFor({ timeoutSeconds: 90 })).toMatchObject({ spec: { activeDeadlineSeconds: 90 } });
  });

  it('retries no pod where the step retries, unless its template says so', () => {
    expect(jobFor({})['spec']).not.toHaveProperty('backoffLimit');
    expect(jobFor({ retryPolicy: {} })).toMatchObject({ spec: { backoffLimit: 0 } });
    const template = { spec: { ...(aTemplate['spec'] as JsonObject), backoffLimit: 4 } };
    expect(jobFor({ retryPolicy: {}, template })).toMatchObject({ spec: { backoffLimit: 4 } });
  });

  it('takes the policy for failed pods of the flow, where it has none', () => {
    const podFailurePolicy = { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }] };
    expect(jobFor({}, { podFailurePolicy })).toMatchObject({ spec: { podFailurePolicy } });
    const own = { rules: [] };
    const template = { spec: { ...(aTemplate['spec'] as JsonObject), podFailurePolicy: own } };
    expect(jobFor({ template }, { podFailurePolicy })).toMatchObject({ spec: { podFailurePolicy: own } });
  });

  it('takes null in a template for absent, as the API server does', () => {
    const podFailurePolicy = { rules: [] };
    const spec = { ...(aTemplate['spec'] as JsonObject), backoffLimit: null, podFailurePolicy: null };
    expect(jobFor({ template: { spec }, retryPolicy: {} }, { podFailurePolicy })).toMatchObject({
      spec: { backoffLimit: 0, podFailurePolicy },
    });
  });

  it('may come from a shared template', () => {
    const spec = aSpec({ steps: [{ name: 'a', templateRef: 't' }], templates: [{ name: 't', template: aTemplate }] });
    const [step] = spec.steps;
    if (step === undefined) throw new Error('no step');
    expect(jobOf(flow, spec, newRecord(spec, '', 0), step, 1)).toMatchObject({ spec: aTemplate['spec'] });
  });
});

describe('the writes of a decision', () => {
  it('make the record empty, and owned by the flow', () => {
    const snapshot = aFlowWorld({ steps: [aStep('a')] }).cluster.snapshot(0);
    expect(toWrites(advance(snapshot, 0), snapshot)).toEqual([
      {
        kind: 'create',
        resource: 'jobflowrecords',
        object: {
          apiVersion: 'workflow.kube-zen.io/v1alpha1',
          kind: 'JobFlowRecord',
          metadata: expect.objectContaining({
            name: expect.stringMatching(/^nightly-[a-z0-9]{8}$/),
            namespace: 'data',
          }),
        },
      },
    ]);
  });

  it('begin with the record, and each carries what it was decided on', () => {
    const world = aFlowWorld({ steps: [aStep('a'), aStep('b', 'a')] });
    for (const write of toWrites(advance(world.cluster.snapshot(0), 0), world.cluster.snapshot(0)))
      world.cluster.apply(write, 0);
    const snapshot = world.cluster.snapshot(0);
    const writes = toWrites(advance(snapshot, 0), snapshot);
    expect(writes.map(({ kind, resource }) => `${kind} ${resource}`)).toEqual(['patch jobflowrecords', 'create jobs']);
    expect(writes[0]).toMatchObject({
      patch: { metadata: { uid: snapshot.record?.uid, resourceVersion: snapshot.record?.resourceVersion } },
    });
  });

  it('are none where the flow is gone', () => {
    const snapshot = { ...aFlowWorld({ steps: [aStep('a')] }).cluster.snapshot(0), flow: null };
    expect(toWrites(advance(snapshot, 0), snapshot)).toEqual([]);
  });

  it('delete by uid and resourceVersion', () => {
    const world = aFlowWorld({ steps: [aStep('a')], executionPolicy: { ttlSecondsAfterFinished: 0 } });
    world.at(0);
    const snapshot = world.cluster.snapshot(10_000);
    const ended = toWrites(advance(snapshot, 10_000), snapshot);
    const { uid, resourceVersion } = snapshot.flow ?? { uid: '', resourceVersion: '' };
    expect(ended.at(-1)).toEqual({
      kind: 'delete',
      resource: 'jobflows',
      name: 'nightly',
      preconditions: { uid, resourceVersion },
    });
  });
});

describe('a record', () => {
  it('of a thousand steps that have all run has less than 200 KiB', () => {
    const spec = aSpec({ steps: Array.from({ length: 1_000 }, (_, index) => aStep(`process-customer-data-${index}`)) });
    const record = newRecord(spec, hashSpec(spec), 1_700_000_000_000);
    const steps = record.steps.map((step) => ({
      ...step,
      phase: 'Succeeded' as const,
      jobUid: '0b5e1f8a-6d7c-4c1e-9f0a-1a2b3c4d5e6f',
      startedAt: 1_700_000_000_000,
      endedAt: 1_700_000_010_000,
      exitCode: 0,
    }));
    expect(serializeRecord({ ...record, steps }).length).toBeLessThan(200 * 1_024);
  });

  it('of another version, or that is no JSON, is not read', () => {
    expect(parseRecord('{')).toBeNull();
    expect(parseRecord('{"v":2,"steps":[]}')).toBeNull();
    expect(parseRecord('{"v":1}')).toBeNull();
  });
});
