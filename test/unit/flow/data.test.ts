import { describe, expect, it } from 'vitest';
import { itemsOf } from '../../../lib/flow/data/items.ts';
import { parseJsonPath, readJsonPath } from '../../../lib/flow/data/jsonPath.ts';
import { fillReferences } from '../../../lib/flow/data/references.ts';
import { advance } from '../../../lib/flow/engine/advance.ts';
import type { Json, JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { readSpec } from '../../../lib/flow/spec/readSpec.ts';
import { validate } from '../../../lib/flow/spec/validate.ts';
import { jobName } from '../../../lib/flow/state/names.ts';
import { newRecord, parseRecord, serializeRecord } from '../../../lib/flow/state/record.ts';
import { jobOf } from '../../../lib/flow/writes/jobOf.ts';
import { aFlowWorld, aManualStep, aSpec, aStep } from '../../support/objects/aFlow.ts';

const flow = { namespace: 'data', name: 'nightly', uid: 'flow-uid' };

function withArgs(...args: readonly string[]): JsonObject {
  const container = { name: 'main', image: 'i:1', args };
  return { template: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } } };
}

const outputs = (...names: readonly string[]): JsonObject => ({
  outputs: {
    parameters: names.map((name) => ({ name, valueFrom: { terminationMessage: { jsonPath: `$.${name}` } } })),
  },
});

const input = (name: string, valueFrom: JsonObject, more: JsonObject = {}): JsonObject => ({
  inputs: { parameters: [{ name, valueFrom, ...more }] },
});

function problemsOf(spec: JsonObject): readonly string[] {
  const read = readSpec(spec);
  return [...read.problems, ...validate(read.spec)].map(({ path, message }) => `${path}: ${message}`);
}

function podOf(spec: JsonObject, fields: Partial<ReturnType<typeof newRecord>> = {}): JsonObject {
  const read = aSpec(spec);
  const step = read.steps.at(-1);
  if (step === undefined) throw new Error('no step');
  const job = jobOf(flow, read, { ...newRecord(read, '', 0), ...fields }, step, 1) ?? {};
  return (job['spec'] as { template: { spec: JsonObject } }).template.spec;
}

describe('a path into JSON', () => {
  const value: Json = {
    a: { b: [{ c: 1 }, { c: 'two' }] },
    conditions: [{ type: 'Failed' }, { type: 'Complete', at: 5 }],
  };
  it.each([
    ['$.a.b[1].c', 'two'],
    ['{.a.b[0].c}', 1],
    ["$['a']['b'][1].c", 'two'],
    ['$.conditions[?(@.type=="Complete")].at', 5],
    ['$.a.nothing.c', undefined],
    ['$.constructor', undefined],
    ['$.a.b[9]', undefined],
  ])('%s', (text, expected) => {
    const path = parseJsonPath(text);
    if (path === null) throw new Error(text);
    expect(readJsonPath(path, value)).toEqual(expected);
  });

  it.each(['', 'a', '$..a', '$.a[*]', '$.a[?(@.b > 1)]', '$.a.', '$.a[-1]', 'x.a'])(
    '%s names no single value',
    (text) => {
      expect(parseJsonPath(text)).toBeNull();
    },
  );
});

describe('a parameter in a template', () => {
  it('stays within its text, whatever it holds', () => {
    const value = '"}], "evil": [{" \n {{.parameters.other}} $& $1';
    const filled = fillReferences(
      { args: [`a {{.parameters.x}} \${parameters.x}`], 'k{{parameters.x}}': 1 },
      { x: value, other: 'o' },
    );
    expect(filled).toEqual({ args: [`a ${value} ${value}`], 'k{{parameters.x}}': 1 });
  });

  it('makes no Job larger than a mebibyte more', () => {
    const text = '{{parameters.x}}'.repeat(300);
    expect(fillReferences({ text }, { x: 'y'.repeat(4_096) })).toBeNull();
  });

  it('is a variable of each container too, and what the user named so stays', () => {
    const step = aStep('a', [], withArgs(`\${parameters.region}`));
    expect(podOf({ parameters: { region: 'eu', 'dry-run': '$(HOME) $' }, steps: [step] })).toMatchObject({
      containers: [
        {
          args: ['eu'],
          env: [
            { name: 'PARAM_REGION', value: 'eu' },
            { name: 'PARAM_DRY_RUN', value: '$$(HOME) $' },
          ],
        },
      ],
    });
  });

  it('that is a secret is a reference, and cannot stand in a text', () => {
    const secret = input('key', { secretKeyRef: { name: 's', key: 'k' } });
    expect(podOf({ steps: [aStep('a', [], { ...withArgs('x'), ...secret })] })).toMatchObject({
      containers: [{ env: [{ name: 'PARAM_KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }],
    });
    expect(problemsOf({ steps: [aStep('a', [], { ...withArgs(`\${parameters.key}`), ...secret })] })).toEqual([
      'spec.steps[0].template.spec.template.spec.containers[0].args[0]: "key" is a secret, and zen-flow reads none; the container has it as PARAM_KEY',
    ]);
  });

  it.each([
    [
      'a name that is not there',
      { steps: [aStep('a', [], withArgs('{{ .parameters.x }}'))] },
      'there is no parameter "x"',
    ],
    ['two names of one variable', { parameters: { 'a-b': '1', a_b: '2' }, steps: [aStep('a')] }, 'are both PARAM_A_B'],
    [
      'a name of JavaScript',
      { parameters: JSON.parse('{"__proto__": "1"}'), steps: [aStep('a')] },
      'must have a letter',
    ],
    [
      'an output of a step that is no dependency',
      { steps: [aStep('a', [], outputs('x')), aStep('b', [], input('y', { output: { step: 'a', name: 'x' } }))] },
      'step "a" may not have ended by then',
    ],
    [
      'an output that is not declared',
      { steps: [aStep('a', [], outputs('x')), aStep('b', 'a', input('y', { output: { step: 'a', name: 'z' } }))] },
      'step "a" has no output "z"',
    ],
    [
      'a path that is none',
      { steps: [aStep('a'), aStep('b', 'a', input('y', { jsonPath: 'a:$..x' }))] },
      '"$..x" is not a path',
    ],
    [
      'two sources',
      { steps: [aStep('a', [], input('y', { jsonPath: 'a:$.x', output: {} }))] },
      'needs one of jsonPath',
    ],
    ['a Manual step', { steps: [aManualStep('q', [], { once: true })] }, 'is not for a Manual step'],
    [
      'a condition on an unknown output',
      { steps: [aStep('a'), aStep('b', 'a', { when: "steps.a.outputs.x == '1'" })] },
      'outputs',
    ],
    [
      'items and from',
      { steps: [aStep('a', [], { forEach: { items: ['x'], from: "['x']" } })] },
      'needs items or from',
    ],
    ['items that are no list', { steps: [aStep('a', [], { forEach: { from: '1 + 1' } })] }, 'gives int, not a list'],
    [
      'a file that zen-flow would move',
      { steps: [aStep('a', [], { outputs: { artifacts: [{ s3: {} }] } })] },
      'is not supported',
    ],
  ])('%s is told before anything runs', (_, spec, message) => {
    expect(problemsOf(spec as JsonObject).join('\n')).toContain(message);
  });
});

describe('what a step gives', () => {
  const spec = {
    steps: [
      aStep('build', [], outputs('tag')),
      aStep('deploy', 'build', {
        ...withArgs(`\${parameters.image}`),
        ...input('image', { output: { step: 'build', name: 'tag' } }),
      }),
      aStep('skipped', 'build', { when: "steps.build.outputs.tag == 'v2'" }),
    ],
  };

  it('is in the record before a step that reads it is ready, and fills its Job', () => {
    const world = aFlowWorld(spec, {}, 10_000, { build: { tag: 'v1' } });
    world.at(0);
    world.at(10_000);
    expect(world.cluster.record()?.outputs).toEqual({ build: { tag: 'v1' } });
    expect(world.states()).toEqual({ build: 'Succeeded', deploy: 'Running', skipped: 'Skipped WhenFalse' });
    expect(podOf({ steps: spec.steps.slice(0, 2) }, { outputs: { build: { tag: 'v1' } } })).toMatchObject({
      containers: [{ args: ['v1'] }],
    });
  });

  it('is missed: the step has failed', () => {
    const world = aFlowWorld(spec, {}, 10_000, { build: { other: 'v1' } });
    world.at(0);
    world.at(10_000);
    expect(world.states()).toMatchObject({ build: 'Failed OutputsLost', deploy: 'Skipped UpstreamFailed' });
  });

  it('is more than a kubelet keeps: the step has failed', () => {
    const world = aFlowWorld(spec, {}, 10_000, { build: { tag: 'v'.repeat(9_000) } });
    world.at(0);
    world.at(10_000);
    expect(world.states()).toMatchObject({ build: 'Failed OutputsLost' });
  });

  it('survives in the record as text', () => {
    const record = { ...newRecord(aSpec(spec), '', 0), outputs: { build: { tag: 'v1' } }, groupAt: 5 };
    expect(parseRecord(serializeRecord(record))).toEqual(record);
    expect(parseRecord(serializeRecord({ ...record, outputs: JSON.parse('{"build": {"tag": 1}}') }))).toBeNull();
  });

  it('is forgotten when one more attempt has failed, which a person asked for', () => {
    const world = aFlowWorld(spec, { build: ['ok', 'fail'] }, 10_000, { build: { tag: 'v1' } });
    for (const now of [0, 10_000, 20_000]) world.at(now);
    world.cluster.annotate({ 'attempts.workflow.kube-zen.io/build': '2' });
    world.at(30_000);
    expect(world.states()).toMatchObject({ build: 'Running 2', deploy: 'Succeeded' });
    // A Job of a step behind it may be yet to be made.
    expect(world.cluster.record()?.outputs).toEqual({ build: { tag: 'v1' } });
    world.at(40_000);
    expect(world.states()).toMatchObject({ build: 'Failed JobFailed 2' });
    expect(world.cluster.record()?.outputs).toEqual({});
  });

  it('of a step that was skipped has the value that the input falls back to, or fails the step', () => {
    const needs = { output: { step: 'build', name: 'tag' } };
    const steps = (more: JsonObject) => ({
      steps: [
        aStep('build', [], { ...outputs('tag'), when: 'false' }),
        aStep('deploy', 'build', input('image', needs, more)),
      ],
    });
    const without = aFlowWorld(steps({}));
    without.at(0);
    expect(without.states()).toMatchObject({ deploy: 'Failed InvalidInput' });
    const withValue = aFlowWorld(steps({ value: 'latest' }));
    withValue.at(0);
    expect(withValue.states()).toMatchObject({ deploy: 'Running' });
  });

  it('may be of the status of its Job, without a declaration', () => {
    const world = aFlowWorld(
      { steps: [aStep('a'), aStep('b', 'a', input('n', { jsonPath: 'a:$.status.succeeded' }))] },
      {},
      10_000,
      { a: { '$$.status.succeeded': '1' } },
    );
    world.at(0);
    world.at(10_000);
    expect(world.states()).toMatchObject({ b: 'Running' });
  });
});

it('a record that etcd could not hold fails its flow before it is written', () => {
  const read = aSpec({ steps: [aStep('a', [], outputs('x'))] });
  const big = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`n${index}`, 'x'.repeat(60_000)]));
  const world = aFlowWorld({ steps: [aStep('a', [], outputs('x'))] });
  world.at(0);
  const snapshot = world.cluster.snapshot(10_000);
  const record = { ...newRecord(read, snapshot.flow?.specHash ?? '', 0), outputs: { other: big } };
  const view = { uid: 'r', resourceVersion: '1', record };
  const decision = advance({ ...snapshot, record: view }, 10_000);
  expect(decision).toMatchObject({ kind: 'refused', phase: 'Failed', reason: 'RecordTooLarge', record: null });
});

describe('an input from a ConfigMap', () => {
  it('is read once, and recorded before the Job is made', () => {
    const from = input('mode', { configMapKeyRef: { name: 'settings', key: 'mode' } });
    const world = aFlowWorld({ steps: [aStep('a', [], from)] });
    world.at(0);
    expect(world.cluster.record()?.inputs).toEqual({ a: { mode: 'simulated-mode' } });
    expect(world.states()).toEqual({ a: 'Running' });
  });
});

describe('a step for each item', () => {
  const items = {
    forEach: { items: ['one', 'two', 'three'], parallelism: 2, maxFailed: 1 },
    retryPolicy: { limit: 2 },
  };

  it('is one Indexed Job with a file for each item', () => {
    const world = aFlowWorld({ steps: [aStep('a', [], items)] });
    world.at(0);
    const name = jobName({ name: 'nightly', uid: 'flow-uid' }, 'a', 1);
    expect(world.cluster.made).toContain(`configmaps/${name}-items`);
    const spec = aSpec({ steps: [aStep('a', [], items)] });
    const [step] = spec.steps;
    if (step === undefined) throw new Error('no step');
    expect(jobOf(flow, spec, newRecord(spec, '', 0), step, 1)).toMatchObject({
      spec: {
        completionMode: 'Indexed',
        completions: 3,
        parallelism: 2,
        backoffLimitPerIndex: 2,
        maxFailedIndexes: 1,
        template: {
          spec: {
            containers: [{ volumeMounts: [{ mountPath: '/zen-flow/item', subPathExpr: '$(JOB_COMPLETION_INDEX)' }] }],
            volumes: [{ configMap: { name: `${name}-items` } }],
          },
        },
      },
    });
  });

  it('takes its items from what a step gave: a list, a JSON list, or a text that is split', () => {
    const forEach = (from: string): JsonObject => ({
      steps: [aStep('list', [], outputs('files')), aStep('each', 'list', { forEach: { from } })],
    });
    const jobs = (from: string, files: string) => {
      const world = aFlowWorld(forEach(from), {}, 10_000, { list: { files } });
      world.at(0);
      world.at(10_000);
      return world.states()['each'];
    };
    expect(jobs('steps.list.outputs.files', '["a", "b"]')).toBe('Running');
    expect(jobs("steps.list.outputs.files.split(',')", 'a,b')).toBe('Running');
    expect(jobs('steps.list.outputs.files', 'no list')).toBe('Failed InvalidInput');
    expect(jobs('steps.list.outputs.files', '[]')).toBe('Succeeded NoItems');
  });

  it('runs for the items for which its condition holds', () => {
    const ending = (when: string, items: readonly string[], skip = '') => {
      const given = {
        steps: [aStep('list', [], outputs('skip')), aStep('each', 'list', { forEach: { items }, when })],
      };
      const world = aFlowWorld(given, {}, 10_000, { list: { skip } });
      world.at(0);
      world.at(10_000);
      const [record, spec] = [world.cluster.record(), aSpec(given)];
      const [, each] = spec.steps;
      if (record === null || each === undefined) throw new Error('no record');
      return [world.states()['each'], itemsOf(flow, spec, record, each)];
    };
    const skips = 'item != steps.list.outputs.skip';
    expect(ending(skips, ['a', 'b', 'c'], 'b')).toEqual(['Running', ['a', 'c']]);
    expect(ending(skips, ['b', 'b'], 'b')).toEqual(['Skipped WhenFalse', []]);
    expect(ending('int(item) > 1', ['1', '2'])).toEqual(['Running', ['2']]);
    expect(ending('int(item) > 1', ['1', 'x'])).toEqual(['Failed WhenError', null]);
    // What does not read the item decides about the step.
    expect(ending("steps.list.phase == 'Failed'", ['a'])[0]).toBe('Skipped WhenFalse');
  });

  it('chooses among as many items as there may be, and gives up where that takes too long', () => {
    const ending = (when: string, items: readonly string[]) => {
      const world = aFlowWorld({ steps: [aStep('each', [], { forEach: { items }, when })] });
      world.at(0);
      return world.states()['each'];
    };
    const many = Array.from({ length: 10_000 }, (_, index) => `item-${index}`);
    expect(ending("item.endsWith('7')", many)).toBe('Running');
    const searches = Array.from({ length: 40 }, (_, index) => `item.contains('${index}')`).join(' || ');
    expect(ending(searches, many)).toBe('Failed WhenError');
    const large = 'x'.repeat(500_000);
    expect(ending("item.contains(item + 'y')", [large])).toBe('Failed WhenError');
  });

  it('is not tried again as a whole', () => {
    const world = aFlowWorld({ steps: [aStep('a', [], items)] }, { a: ['fail'] });
    world.at(0);
    world.at(10_000);
    expect(world.states()).toEqual({ a: 'Failed JobFailed' });
  });
});

describe('what the flow owns', () => {
  it('is made before the Job that names it, under the name of the flow', () => {
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'work' } }];
    const envFrom = [{ configMapRef: { name: 'settings' } }, { configMapRef: { name: 'foreign' } }];
    const container = { name: 'main', image: 'i:1', envFrom };
    const template = { spec: { template: { spec: { restartPolicy: 'Never', containers: [container], volumes } } } };
    const spec = {
      steps: [{ name: 'a', template }],
      resourceTemplates: {
        volumeClaimTemplates: [{ metadata: { name: 'work' }, spec: {} }],
        configMapTemplates: [
          { metadata: { name: 'settings' }, data: {} },
          { metadata: { name: 'unused' }, data: {} },
        ],
      },
    };
    expect(podOf(spec)).toMatchObject({
      containers: [
        { envFrom: [{ configMapRef: { name: 'nightly-settings' } }, { configMapRef: { name: 'foreign' } }] },
      ],
      volumes: [{ persistentVolumeClaim: { claimName: 'nightly-work' } }],
    });
    const world = aFlowWorld(spec);
    world.at(0);
    expect([...world.cluster.made].sort()).toEqual([
      'configmaps/nightly-settings',
      'persistentvolumeclaims/nightly-work',
    ]);
  });
});
