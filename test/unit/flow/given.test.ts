/** What steps give and read: how much it may be, and that it is there when a step may read it. */

import { describe, expect, it } from 'vitest';
import { readMemo } from '../../../functions/flows/readConfigMap.ts';
import { memoNameOf } from '../../../lib/flow/data/memo.ts';
import { advance } from '../../../lib/flow/engine/advance.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { readSpec } from '../../../lib/flow/spec/readSpec.ts';
import { noFacts } from '../../../lib/flow/state/facts.ts';
import { newRecord } from '../../../lib/flow/state/record.ts';
import { jobOf } from '../../../lib/flow/writes/jobOf.ts';
import { memoWrites } from '../../../lib/flow/writes/memoWrites.ts';
import { toWrites } from '../../../lib/flow/writes/toWrites.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { aFlowWorld, aSpec, aStep } from '../../support/objects/aFlow.ts';

const gives = (...names: readonly string[]): JsonObject => ({
  outputs: { parameters: names.map((name) => ({ name, valueFrom: { configMapKeyRef: { name: 'c', key: name } } })) },
});

const asks = (path: string): JsonObject => ({
  inputs: { parameters: [{ name: 'n', valueFrom: { jsonPath: path } }] },
});

describe('the outputs that a step declares', () => {
  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['4,096 bytes', { x: 'a'.repeat(4_000), y: 'b'.repeat(96) }, 'Succeeded'],
    ['more together than 4,096 bytes', { x: 'a'.repeat(4_096), y: 'b' }, 'Failed OutputsLost'],
    ['4,096 quotes, each of which the record escapes', { x: '"'.repeat(4_096) }, 'Succeeded'],
    ['4,096 characters of three bytes', { x: '日'.repeat(4_096) }, 'Failed OutputsLost'],
    ['1,365 characters of three bytes', { x: '日'.repeat(1_365) }, 'Succeeded'],
  ])('of %s', (_, given, state) => {
    const world = aFlowWorld({ steps: [aStep('a', [], gives(...Object.keys(given)))] }, {}, 10_000, { a: given });
    world.at(0);
    world.at(10_000);
    expect(world.states()).toEqual({ a: state });
  });

  it('have room beside what other steps ask of its Job', () => {
    const spec = { steps: [aStep('a', [], gives('x')), aStep('b', 'a', asks('a:$.status'))] };
    const given = { x: 'a'.repeat(4_096), '$$.status': 's'.repeat(500) };
    const world = aFlowWorld(spec, {}, 10_000, { a: given });
    world.at(0);
    world.at(10_000);
    expect(world.states()).toEqual({ a: 'Succeeded', b: 'Running' });
  });
});

it('a parameter has 4,096 bytes', () => {
  const problemsOf = (value: string) =>
    readSpec({
      parameters: { p: value },
      steps: [aStep('a', [], { inputs: { parameters: [{ name: 'i', value }] } })],
    }).problems.map(({ path, message }) => `${path}: ${message}`);
  expect(problemsOf('日'.repeat(1_365))).toEqual([]);
  expect(problemsOf('日'.repeat(1_366))).toEqual([
    'spec.steps[0].inputs.parameters[0].value: has more than 4096 bytes',
    'spec.parameters.p: has more than 4096 bytes',
  ]);
});

describe('what a step asks of the Job of another one', () => {
  it('is read of a Job that has failed, where the step may run all the same', () => {
    const spec = { steps: [aStep('a', [], { continueOnFailure: true }), aStep('b', 'a', asks('a:$.status.failed'))] };
    const world = aFlowWorld(spec, { a: ['fail'] }, 10_000, { a: { '$$.status.failed': '1' } });
    world.at(0);
    world.at(10_000);
    expect(world.states()).toEqual({ a: 'Failed JobFailed', b: 'Running' });
    expect(world.cluster.record()?.outputs).toEqual({ a: { '$$.status.failed': '1' } });
  });

  it('is all that is kept of a Job that has failed', () => {
    const failing = aStep('a', [], { continueOnFailure: true, ...gives('x') });
    const given = { x: 'left', '$$.status.failed': '1' };
    const spec = { steps: [failing, aStep('b', 'a', asks('a:$.status.failed'))] };
    const world = aFlowWorld(spec, { a: ['fail'] }, 10_000, { a: given });
    world.at(0);
    world.at(10_000);
    expect(world.cluster.record()?.outputs).toEqual({ a: { '$$.status.failed': '1' } });
  });

  it('is part of what a kept result is known by', () => {
    const memoized = aStep('a', [], { memoize: { key: "'k'" }, ...gives('x') });
    const nameOf = (steps: readonly JsonObject[]) => {
      const spec = aSpec({ steps });
      const [step] = spec.steps;
      if (step === undefined) throw new Error('no step');
      return memoNameOf({ namespace: 'data', name: 'f' }, spec, newRecord(spec, '', 0), step);
    };
    expect(nameOf([memoized, aStep('b', 'a')])).toBe(nameOf([memoized]));
    expect(nameOf([memoized, aStep('b', 'a', asks('a:$.status.succeeded'))])).not.toBe(nameOf([memoized]));
  });
});

describe('the kept result of a memoized step', () => {
  const memoOf = (outputs: Readonly<Record<string, string>>) => {
    const metadata = { uid: 'm', resourceVersion: '1' };
    const data = { storedAt: '2026-01-01T00:00:00Z', outputs: JSON.stringify(outputs) };
    const api = { get: async () => ({ metadata, data }) } as unknown as KubeApi;
    return readMemo(api, 'data', 'm', new AbortController().signal);
  };

  it('holds all that a step may declare, and what other steps ask of its Job', async () => {
    const declared = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`x${index}`, '"'.repeat(256)]));
    const outputs = { ...declared, '$$.status.succeeded': '1' };
    expect(await memoOf(outputs)).toMatchObject({ outputs });
  });

  it('counts as none where it is more than a step may give', async () => {
    expect(await memoOf({ x: 'a'.repeat(131_072) })).toBeNull();
    const world = aFlowWorld({ steps: [aStep('a', [], { memoize: { key: "'k'" }, ...gives('x') })] });
    const empty = world.cluster.snapshot(0);
    for (const write of toWrites(advance(empty, 0), empty)) world.cluster.apply(write, 0);
    const snapshot = world.cluster.snapshot(0);
    const [read] = advance(snapshot, 0).reads;
    if (read?.kind !== 'memo') throw new Error('asks for no memo');
    const memo = { uid: 'm', resourceVersion: '4', storedAt: 0, outputs: { x: 'a'.repeat(4_097) } };
    const decision = advance({ ...snapshot, facts: { ...noFacts, memos: { [read.name]: memo } } }, 0);
    expect(decision.starts).toEqual([{ step: 'a', attempt: 1 }]);
  });

  it('of a step that is called constructor holds what it gave, which is nothing', () => {
    const spec = aSpec({ steps: [aStep('constructor', [], { memoize: { key: "'k'" } })] });
    const record = newRecord(spec, '', 0);
    const change = { step: 'constructor', from: 'Running', to: 'Succeeded', reason: null, attempt: 1 } as const;
    const flow = aFlowWorld({ steps: [aStep('a')] }).cluster.snapshot(0).flow;
    if (flow === null) throw new Error('no flow');
    const writes = memoWrites({ ...flow, spec }, record, [change], undefined);
    expect(writes).toMatchObject([{ object: { data: { outputs: '{}' } } }]);
  });
});

describe('an input from a ConfigMap that the flow owns', () => {
  const resourceTemplates = {
    configMapTemplates: [{ metadata: { name: 'cfg' }, data: { mode: `\${parameters.mode}` } }],
  };
  const from = {
    inputs: { parameters: [{ name: 'm', valueFrom: { configMapKeyRef: { name: 'cfg', key: 'mode' } } }] },
  };
  const spec = { parameters: { mode: 'fast' }, resourceTemplates, steps: [aStep('a', [], from)] };

  function readAs(value: string | null) {
    const world = aFlowWorld(spec);
    const empty = world.cluster.snapshot(0);
    for (const write of toWrites(advance(empty, 0), empty)) world.cluster.apply(write, 0);
    const snapshot = world.cluster.snapshot(0);
    expect(advance(snapshot, 0).reads).toEqual([{ kind: 'configMap', name: 'nightly-cfg', key: 'mode' }]);
    const facts = { ...noFacts, configMaps: { 'nightly-cfg/mode': value } };
    return advance({ ...snapshot, facts }, 0).record?.inputs;
  }

  it('is read under the name that it has in the cluster', () => {
    expect(readAs('slow')).toEqual({ a: { m: 'slow' } });
  });

  it('is what it will be made with, where no step has needed it yet', () => {
    expect(readAs(null)).toEqual({ a: { m: 'fast' } });
  });
});

it('a projected volume names a ConfigMap that the flow owns', () => {
  const sources = [{ configMap: { name: 'cfg' } }, { configMap: { name: 'foreign' } }, { secret: { name: 'cfg' } }];
  const volumes = [{ name: 'v', projected: { sources } }];
  const containers = [{ name: 'm', image: 'x' }];
  const template = { spec: { template: { spec: { restartPolicy: 'Never', containers, volumes } } } };
  const spec = aSpec({
    resourceTemplates: { configMapTemplates: [{ metadata: { name: 'cfg' }, data: {} }] },
    steps: [{ name: 'a', template }],
  });
  const [step] = spec.steps;
  if (step === undefined) throw new Error('no step');
  const flow = { namespace: 'data', name: 'nightly', uid: 'u' };
  expect(jobOf(flow, spec, newRecord(spec, '', 0), step, 1)).toMatchObject({
    spec: {
      template: {
        spec: {
          volumes: [
            {
              projected: {
                sources: [
                  { configMap: { name: 'nightly-cfg' } },
                  { configMap: { name: 'foreign' } },
                  { secret: { name: 'cfg' } },
                ],
              },
            },
          ],
        },
      },
    },
  });
});

it('the variables of the user may name those of the parameters', () => {
  const env = [{ name: 'URL', value: 'https://$(PARAM_REGION)/' }];
  const pod = { restartPolicy: 'Never', containers: [{ name: 'm', image: 'x', env }] };
  const init = { ...pod, initContainers: [{ name: 'i', image: 'x', env }] };
  const spec = aSpec({
    parameters: { region: 'eu' },
    steps: [{ name: 'a', template: { spec: { template: { spec: init } } } }],
  });
  const [step] = spec.steps;
  if (step === undefined) throw new Error('no step');
  const ordered = { env: [{ name: 'PARAM_REGION', value: 'eu' }, ...env] };
  expect(jobOf({ namespace: 'data', name: 'nightly', uid: 'u' }, spec, newRecord(spec, '', 0), step, 1)).toMatchObject({
    spec: { template: { spec: { initContainers: [ordered], containers: [ordered] } } },
  });
});

it.each<[string, JsonObject]>([
  ['items', { forEach: { from: "steps.a.exitCode == 3 ? ['x'] : ['y']" } }],
  ['a key', { memoize: { key: 'string(steps.a.exitCode)' } }],
])('exit codes are read for %s', (_, fields) => {
  const failing = aStep('a', [], { continueOnFailure: true });
  const readsOf = (steps: readonly JsonObject[]) => {
    const world = aFlowWorld({ steps }, { a: ['fail'] });
    world.at(0);
    const snapshot = world.cluster.snapshot(10_000);
    const jobs = snapshot.jobs.map(({ exitCode: _, ...job }) => job);
    return advance({ ...snapshot, jobs }, 10_000).reads.map(({ kind }) => kind);
  };
  expect(readsOf([failing, aStep('b', 'a', fields)])).toEqual(['exitCode']);
  expect(readsOf([failing, aStep('b', 'a')])).toEqual([]);
});
