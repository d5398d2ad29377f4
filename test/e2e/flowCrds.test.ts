/**
 * Tests the CRDs of zen-flow on a real API server: it takes them, takes what a flow may say, fills
 * in the defaults and refuses the rest.
 */

import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { advance } from '../../lib/flow/engine/advance.ts';
import { checkScheduleObject } from '../../lib/flow/schedule/checkScheduleObject.ts';
import { readSchedule } from '../../lib/flow/schedule/readSchedule.ts';
import type { JsonObject } from '../../lib/flow/spec/flowSpec.ts';
import { readSpec } from '../../lib/flow/spec/readSpec.ts';
import { validate } from '../../lib/flow/spec/validate.ts';
import { flowPhase } from '../../lib/flow/state/flowPhase.ts';
import { newRecord } from '../../lib/flow/state/record.ts';
import { toStatus } from '../../lib/flow/writes/toStatus.ts';
import { toWrites } from '../../lib/flow/writes/toWrites.ts';
import { applyFlowKinds } from '../support/controlPlane/aFlowStory.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aFlowWorld, aManualStep, aStep, aTemplate } from '../support/objects/aFlow.ts';
import { aSchedule } from '../support/objects/aSchedule.ts';

const root = resolve(import.meta.dirname, '../..');
const controlPlane = useControlPlane();

beforeAll(async () => {
  const { kubectl } = controlPlane();
  await applyFlowKinds(controlPlane());
  await kubectl('create', 'namespace', 'reports');
  // Discovery follows a moment after the condition.
  await vi.waitFor(() => kubectl('get', 'jobflows,jobflowrecords'), { timeout: 20_000, interval: 100 });
});

function aFlow(spec: object, name = 'flow'): string {
  const metadata = { name, namespace: 'default' };
  return JSON.stringify({ apiVersion: 'workflow.kube-zen.io/v1alpha1', kind: 'JobFlow', metadata, spec });
}

describe('the API server', () => {
  test('the API server has no complaint about the schemas', async () => {
    const crds = JSON.parse(await controlPlane().kubectl('get', 'crd', '-o', 'json'));
    const conditions = crds.items.flatMap(
      (crd: { readonly status: { readonly conditions: readonly object[] } }) => crd.status.conditions,
    );
    expect(conditions).not.toContainEqual(expect.objectContaining({ type: 'NonStructuralSchema' }));
    expect(conditions).toContainEqual(expect.objectContaining({ type: 'NamesAccepted', status: 'True' }));
  });

  test('kubectl explain says what each kind and its fields mean, with default and bounds', async () => {
    const explain = (path: string) => controlPlane().kubectl('explain', path);
    // The API server publishes the description of a new kind a moment after it serves it.
    await expect.poll(() => explain('jobflow').catch(() => ''), { timeout: 20_000 }).not.toBe('');
    const places = ['jobflow', 'jobflow.spec', 'jobflow.spec.steps.retryPolicy.backoff', 'jobflow.status.steps'];
    for (const path of [...places, 'jobflowschedule.spec', 'jobflowschedule.status', 'jobflowrecord'])
      expect(await explain(path), path).not.toMatch(/<no description>|<empty>/);
    expect((await explain('jobflow.spec.parallelism')).replaceAll(/\s+/g, ' ')).toContain(
      'Steps that run at once. Default 64; 1 to 500.',
    );
  });

  test('the API server takes the example, and shows it under its short names', async () => {
    const { kubectl } = controlPlane();
    await kubectl('apply', '-f', join(root, 'examples/flow/nightly-report.yaml'));
    expect(await kubectl('-n', 'reports', 'get', 'jf,flow')).toContain('nightly-report');
    expect(await kubectl('-n', 'reports', 'get', 'jf')).toMatch(/^NAME +PHASE +PROGRESS +WAITING +AGE\n/);
    expect(await kubectl('-n', 'reports', 'get', 'all')).toContain('jobflow.workflow.kube-zen.io/nightly-report');
  });

  test('the API server fills in the defaults, which mean the same to zen-flow', async () => {
    const { kubectl } = controlPlane();
    const spec = { steps: [aStep('a', [], { retryPolicy: {} }), aManualStep('b', [], { approval: {} })] };
    await kubectl.withInput(aFlow(spec, 'defaults'), 'create');
    const stored = JSON.parse(await kubectl('get', 'jf', 'defaults', '-o', 'json'));
    expect(stored.spec).toMatchObject({
      parallelism: 64,
      suspend: false,
      executionPolicy: { backoffLimit: 6, onFailure: 'Drain', ttlSecondsAfterFinished: 86_400 },
      steps: [
        { type: 'Job', retryPolicy: { limit: 3, backoff: { duration: '1s' } } },
        { approval: { onTimeout: 'Reject' } },
      ],
    });
    expect(readSpec(stored.spec)).toEqual(readSpec(spec));
  });

  test('the API server keeps every field of a Job in a template', async () => {
    const { kubectl } = controlPlane();
    const template = { ...aTemplate, metadata: { annotations: { note: 'kept' } } };
    await kubectl.withInput(aFlow({ steps: [{ name: 'a', template }] }, 'template'), 'create');
    const stored = JSON.parse(await kubectl('get', 'jf', 'template', '-o', 'json'));
    expect(stored.spec.steps[0].template).toEqual(template);
  });

  test('the API server takes a thousand steps that share a Job', async () => {
    const steps = Array.from({ length: 1_000 }, (_, index) => ({
      name: `s${index}`,
      templateRef: 'work',
      dependencies: index === 0 ? [] : [`s${index - 1}`],
    }));
    await controlPlane().kubectl.withInput(
      aFlow({ steps, templates: [{ name: 'work', template: aTemplate }] }, 'thousand'),
      'create',
    );
  });

  test.each([
    ['no steps', {}, 'spec.steps: Required value'],
    ['an empty list of steps', { steps: [] }, 'spec.steps'],
    [
      'more than a thousand steps',
      { steps: Array.from({ length: 1_001 }, (_, at) => aManualStep(`s${at}`)) },
      'Too many',
    ],
    ['a step without a name', { steps: [{ template: aTemplate }] }, 'spec.steps[0].name: Required value'],
    ['a name with a dot', { steps: [aManualStep('a.b')] }, 'spec.steps[0].name: Invalid value'],
    ['a name that is too long', { steps: [aManualStep('a'.repeat(53))] }, 'spec.steps[0].name: Too long'],
    ['another type of step', { steps: [{ name: 'a', type: 'Pod' }] }, 'Unsupported value: "Pod"'],
    ['a typing error', { steps: [{ ...aManualStep('a'), tiemout: 5 }] }, 'unknown field "spec.steps[0].tiemout"'],
    [
      'an artifact that is in no folder',
      { steps: [aStep('a', [], { outputs: { artifacts: [{ name: 'x', volumeClaim: 'work' }] } })] },
      'spec.steps[0].outputs.artifacts[0].path: Required value',
    ],
    ['a long condition', { steps: [aStep('a', [], { when: 'x'.repeat(1_025) })] }, 'spec.steps[0].when: Too long'],
    [
      'a span that is none',
      { steps: [aStep('a', [], { retryPolicy: { backoff: { duration: '5 min' } } })] },
      'backoff.duration',
    ],
    ['too many retries', { steps: [aStep('a', [], { retryPolicy: { limit: 101 } })] }, 'retryPolicy.limit'],
    ['a time-out of 0', { steps: [aStep('a', [], { timeoutSeconds: 0 })] }, 'spec.steps[0].timeoutSeconds'],
    ['no parallelism', { steps: [aManualStep('a')], parallelism: 0 }, 'spec.parallelism'],
    ['another shutdown', { steps: [aManualStep('a')], shutdown: 'Now' }, 'Unsupported value: "Now"'],
    ['a long parameter', { steps: [aManualStep('a')], parameters: { a: 'x'.repeat(4_097) } }, 'spec.parameters.a'],
  ])('the API server refuses %s, as zen-flow does', async (_what, spec, says) => {
    await expect(controlPlane().kubectl.withInput(aFlow(spec), 'create')).rejects.toThrow(says);
    const read = readSpec(spec);
    expect([...read.problems, ...validate(read.spec)]).not.toEqual([]);
  });

  test('the API server refuses a flow whose name is no label', async () => {
    const spec = { steps: [aManualStep('a')] };
    await controlPlane().kubectl.withInput(aFlow(spec, 'f'.repeat(63)), 'create');
    await expect(controlPlane().kubectl.withInput(aFlow(spec, 'f'.repeat(64)), 'create')).rejects.toThrow(
      'metadata.name may have 63 characters, because it is a label',
    );
  });

  test('the API server takes the status by its subresource only', async () => {
    const { kubectl } = controlPlane();
    await kubectl.withInput(aFlow({ steps: [aManualStep('a')] }, 'status'), 'create');
    const status = { phase: 'Paused', summary: '0/1', steps: [{ name: 'a', phase: 'PendingApproval' }] };
    await kubectl('patch', 'jf', 'status', '--type=merge', '-p', JSON.stringify({ status }));
    expect(JSON.parse(await kubectl('get', 'jf', 'status', '-o', 'json')).status).toBeUndefined();
    await kubectl('patch', 'jf', 'status', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }));
    expect(JSON.parse(await kubectl('get', 'jf', 'status', '-o', 'json')).status).toEqual(status);
  });

  test('the API server takes the status that the rules write, and shows it in its columns', async () => {
    const { kubectl } = controlPlane();
    const names = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(52));
    const spec = { steps: [...names.map((name) => aStep(name)), aStep('z')] };
    await kubectl.withInput(aFlow(spec, 'columns'), 'create');
    const { flow } = aFlowWorld(spec).cluster.snapshot(0);
    if (flow === null) throw new Error('no flow');
    const fresh = newRecord(flow.spec, flow.specHash, 0);
    const stateOf = (name: string) =>
      name === 'z' ? { phase: 'Failed' as const, attempt: 2 } : { phase: 'Running' as const, attempt: 3, startedAt: 0 };
    const record = { ...fresh, steps: fresh.steps.map((step) => ({ ...step, ...stateOf(step.name) })) };
    const status = toStatus(flow, record, flowPhase(flow.spec, record), 0);
    await kubectl('patch', 'jf', 'columns', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }));
    const [head, row] = (await kubectl('get', 'jf', 'columns', '-o', 'wide')).split('\n');
    expect(head).toMatch(/^NAME +PHASE +PROGRESS +WAITING +AGE +FAILED +RETRIES +STEP$/);
    expect(row).toMatch(new RegExp(`^columns +Running +1/5 +\\S+ +1 +9 +${names[0]}, ${names[1]} \\(\\+2\\)$`));
  });

  test('the API server takes the record and the Job that the rules write, and fences the record', async () => {
    const { request: api, kubectl } = controlPlane();
    const world = aFlowWorld({ steps: [aStep('a', [], { retryPolicy: {}, timeoutSeconds: 60 }), aManualStep('b')] });
    const records = '/apis/workflow.kube-zen.io/v1alpha1/namespaces/default/jobflowrecords';
    await kubectl.withInput(aFlow({ steps: [aStep('a')] }, 'nightly'), 'create');
    const { uid } = JSON.parse(await kubectl('get', 'jf', 'nightly', '-o', 'json')).metadata;
    const first = world.cluster.snapshot(0);
    if (first.flow === null) throw new Error('no flow');
    const flow = { ...first.flow, namespace: 'default', uid };
    const [create] = toWrites(advance({ ...first, flow }, 0), { ...first, flow });
    if (create?.kind !== 'create') throw new Error('no record');
    const made = (await api('POST', records, create.object)) as {
      readonly metadata: Record<'uid' | 'resourceVersion' | 'name', string>;
    };
    const record = { uid: made.metadata.uid, resourceVersion: made.metadata.resourceVersion, record: null };
    const snapshot = { ...first, flow, record };
    const [patch, start] = toWrites(advance(snapshot, 0), snapshot);
    if (patch?.kind !== 'patch' || start?.kind !== 'create') throw new Error('no start');
    expect(patch.name).toBe(made.metadata.name);
    await api('PATCH', `${records}/${patch.name}`, patch.patch);
    await expect(api('PATCH', `${records}/${patch.name}`, patch.patch)).rejects.toMatchObject({ status: 409 });
    // Of a custom resource another uid is a fault, and not a conflict.
    await expect(
      api('PATCH', `${records}/${patch.name}`, { metadata: { uid: 'another' }, data: '' }),
    ).rejects.toMatchObject({ status: 422 });
    await api('POST', '/apis/batch/v1/namespaces/default/jobs?fieldValidation=Strict', start.object);
    await expect(api('POST', '/apis/batch/v1/namespaces/default/jobs', start.object)).rejects.toMatchObject({
      status: 409,
    });
    expect(await kubectl('get', 'jobs', '-l', `workflow.kube-zen.io/flow-uid=${uid}`)).toContain('nightly-a-1-');
  });

  test('the API server takes the example of a schedule, shows it, and fills in its defaults and those of its flow', async () => {
    const { kubectl } = controlPlane();
    await kubectl('apply', '-f', join(root, 'examples/flow/nightly-schedule.yaml'));
    expect(await kubectl('-n', 'reports', 'get', 'jfs')).toMatch(
      /^NAME +SCHEDULE +TIMEZONE +SUSPEND +ACTIVE +LAST SCHEDULE +AGE\nnightly +30 2 \* \* \* +Europe\/Berlin +false /,
    );
    expect(await kubectl('-n', 'reports', 'get', 'all')).toContain('jobflowschedule.workflow.kube-zen.io/nightly');
    await kubectl.withInput(JSON.stringify(aSchedule({}, 'defaults')), 'create');
    const stored = JSON.parse(await kubectl('get', 'jfs', 'defaults', '-o', 'json'));
    expect(stored.spec).toMatchObject({
      ...{ timeZone: 'UTC', suspend: false, concurrencyPolicy: 'Allow' },
      ...{ successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
      jobFlowTemplate: { spec: { parallelism: 64, steps: [{ name: 'a', type: 'Job' }] } },
    });
    const { template: _, ...read } = readSchedule(stored.spec).spec;
    const { template: __, ...written } = readSchedule(aSchedule().spec).spec;
    expect(read).toEqual(written);
  });

  test.each([
    ['no cron expression', { schedule: undefined }, 'spec.schedule: Required value'],
    ['an empty one', { schedule: '' }, 'spec.schedule'],
    ['no flow', { jobFlowTemplate: undefined }, 'spec.jobFlowTemplate: Required value'],
    ['a flow without steps', { jobFlowTemplate: { spec: { steps: [] } } }, 'spec.jobFlowTemplate.spec.steps'],
    ['a typing error in its flow', { jobFlowTemplate: { spec: { steps: [aStep('a')], paralelism: 1 } } }, 'paralelism'],
    ['another policy', { concurrencyPolicy: 'Queue' }, 'Unsupported value: "Queue"'],
    ['a deadline before its time', { startingDeadlineSeconds: -1 }, 'startingDeadlineSeconds'],
    ['what Argo calls the time zone', { timezone: 'UTC' }, 'unknown field "spec.timezone"'],
  ])('the API server refuses a schedule with %s, as zen-flow does', async (_what, fields, says) => {
    const object = JSON.parse(JSON.stringify(aSchedule(fields as JsonObject, 'refused')));
    await expect(controlPlane().kubectl.withInput(JSON.stringify(object), 'create')).rejects.toThrow(says);
    expect(checkScheduleObject(object).problems).not.toEqual([]);
  });

  test('the API server refuses a schedule whose flows would have names that are too long', async () => {
    const { kubectl } = controlPlane();
    await kubectl.withInput(JSON.stringify(aSchedule({}, 's'.repeat(52))), 'create');
    await expect(kubectl.withInput(JSON.stringify(aSchedule({}, 's'.repeat(53))), 'create')).rejects.toThrow(
      'metadata.name may have 52 characters, because a minute follows in the names of its flows',
    );
  });
});
