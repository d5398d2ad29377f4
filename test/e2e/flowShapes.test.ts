/**
 * The shapes that deploy/flow/guard refuses on a real API server, of a flow and of a schedule.
 *
 * The policy is applied with `failurePolicy: Fail` here, so that a sound flow which costs too much
 * to check is seen.
 */

import { join, resolve } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import type { JsonObject } from '../../lib/flow/spec/flowSpec.ts';
import { readSpec } from '../../lib/flow/spec/readSpec.ts';
import { validate } from '../../lib/flow/spec/validate.ts';
import { API_VERSION } from '../../lib/flow/state/names.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aManualStep, aStep, aTemplate } from '../support/objects/aFlow.ts';
import { aSchedule } from '../support/objects/aSchedule.ts';

const root = resolve(import.meta.dirname, '../..');
const controlPlane = useControlPlane({ controllerManager: false });
const templates = [{ name: 'work', template: aTemplate }];

beforeAll(async () => {
  const { kubectl } = controlPlane();
  await kubectl('apply', '--server-side', '-k', join(root, 'deploy/flow/crds'));
  await kubectl('wait', '--for=condition=Established', '--timeout=20s', 'crd/jobflows.workflow.kube-zen.io');
  const guard = await kubectl('kustomize', join(root, 'deploy/flow/guard'));
  expect(guard.match(/failurePolicy: Ignore/g)).toHaveLength(1);
  await kubectl.withInput(guard.replace('failurePolicy: Ignore', 'failurePolicy: Fail'), 'apply');
  // It is in force a moment later.
  await vi.waitFor(() => expect(create('probe', { steps: [aStep('a', 'a')] })).rejects.toThrow('on itself'), {
    timeout: 30_000,
    interval: 200,
  });
});

function create(name: string, spec: object): Promise<string> {
  const flow = { apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name, namespace: 'default' }, spec };
  return controlPlane().kubectl.withInput(JSON.stringify(flow), 'create');
}

const refused: readonly (readonly [string, JsonObject, string])[] = [
  ['a step that depends on itself', { steps: [aStep('a', 'a')] }, 'step "a" depends on itself'],
  [
    'a dependency that is not there',
    { steps: [aStep('a'), aStep('b', ['a', 'x'])] },
    'step "b" depends on "x": there is no such step in steps',
  ],
  [
    'a step of finally that depends on steps',
    { steps: [aStep('a')], finally: [aStep('z', 'a')] },
    'step "z" depends on "a": there is no such step in finally, which follows all of steps',
  ],
  [
    'a step that depends on finally',
    { steps: [aStep('a', 'z')], finally: [aStep('z')] },
    'step "a" depends on "z": there is no such step in steps',
  ],
  ['a doubled name', { steps: [aStep('a'), aStep('b'), aStep('a')] }, 'step "a": another step has this name, too'],
  [
    'a name that steps and finally share',
    { steps: [aStep('a')], finally: [aStep('a')] },
    'step "a": another step has this name, too',
  ],
  [
    'two Jobs of one step',
    { steps: [aStep('a', [], { templateRef: 'work' })], templates },
    'step "a" has template and templateRef; one of them is allowed',
  ],
  ['a step without a Job', { steps: [{ name: 'a' }] }, 'step "a" needs template or templateRef'],
  [
    'a Job of a Manual step',
    { steps: [aManualStep('q', [], { template: aTemplate })] },
    'step "q" is Manual and runs no Job: it has neither template nor templateRef',
  ],
  [
    'a Job of a Manual step in finally',
    { steps: [aStep('a')], finally: [aManualStep('q', [], { templateRef: 'work' })], templates },
    'step "q" is Manual and runs no Job',
  ],
];

test.each(refused)('the guard refuses %s, as zen-flow does', async (_what, spec, says) => {
  await expect(create('refused', spec)).rejects.toThrow(says);
  const read = readSpec(spec);
  expect([...read.problems, ...validate(read.spec)]).not.toEqual([]);
});

test('the guard refuses such a flow of a schedule', async () => {
  const make = (spec: JsonObject, name: string) =>
    controlPlane().kubectl.withInput(JSON.stringify(aSchedule({ jobFlowTemplate: { spec } }, name)), 'create');
  await make({ steps: [aStep('a'), aManualStep('q', ['a'])], finally: [aStep('z')] }, 'taken');
  for (const [, spec, says] of refused.slice(0, 3)) await expect(make(spec, 'refused')).rejects.toThrow(says);
});

/** Each step depends on those right before it. */
const chain = (count: number, needs: number): JsonObject => ({
  steps: Array.from({ length: count }, (_, index) => ({
    name: `step-${index}`,
    templateRef: 'work',
    dependencies: Array.from({ length: Math.min(index, needs) }, (_each, back) => `step-${index - 1 - back}`),
  })),
  finally: [...Array(32).keys()].map((index) => aManualStep(`final-${index}`, index === 0 ? [] : ['final-0'])),
  templates,
});

test.each([
  [500, 1],
  [500, 64],
  [1_000, 1],
  [1_000, 64],
])('the guard takes a sound flow of %i steps that depend on %i each, and a change of it', async (count, needs) => {
  const name = `sound-${count}-${needs}`;
  await create(name, chain(count, needs));
  const patch = JSON.stringify({ spec: { suspend: true } });
  await controlPlane().kubectl('patch', 'jf', name, '--type=merge', '-p', patch);
});

test('the guard looks for doubled names in up to five hundred steps, and for a step on itself in all', async () => {
  const renamed = (count: number, fields: JsonObject) => {
    const { steps, ...rest } = chain(count, 1) as { steps: JsonObject[] };
    return { ...rest, steps: [...steps.slice(0, -1), { templateRef: 'work', ...fields }] };
  };
  await expect(create('refused', renamed(500, { name: 'step-0' }))).rejects.toThrow('step "step-0": another step');
  await create('large', renamed(501, { name: 'step-0' }));
  await expect(create('refused', renamed(1_000, { name: 'x', dependencies: ['x'] }))).rejects.toThrow('"x" depends on');
});

test('the guard lets a flow and a schedule that are there be ended, whatever their steps', async () => {
  const { kubectl } = controlPlane();
  const unsound = { steps: [aStep('a', 'a')] };
  const schedule = JSON.stringify(aSchedule({ jobFlowTemplate: { spec: unsound } }, 'unsound'));
  await kubectl('delete', 'validatingadmissionpolicybinding', 'zen-flow-shapes');
  await vi.waitFor(() => create('unsound', unsound), { timeout: 30_000, interval: 200 });
  await kubectl.withInput(schedule, 'create');
  await kubectl('apply', '-k', join(root, 'deploy/flow/guard'));
  await vi.waitFor(() => expect(create('probe', unsound)).rejects.toThrow('on itself'), {
    timeout: 30_000,
    interval: 200,
  });
  const patch = (kind: string, spec: object) =>
    kubectl('patch', kind, 'unsound', '--type=merge', '-p', JSON.stringify({ spec }));
  await kubectl('label', 'jf', 'unsound', 'team=reports');
  await patch('jf', { shutdown: 'Stop' });
  await patch('jfs', { suspend: true });
  await expect(patch('jf', { finally: [aStep('z')] })).rejects.toThrow('on itself');
});
