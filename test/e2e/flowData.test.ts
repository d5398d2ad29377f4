/**
 * What steps of flows give, take and own, on a real kube-apiserver with the real Job controller:
 * rows of docs/reference/flows.md that the first stories (flows.test.ts) leave out.
 */

import { describe, expect, test } from 'vitest';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { useFlowStories } from '../support/controlPlane/useFlowStories.ts';
import { aStep } from '../support/objects/aFlow.ts';

const outcomes = { 'each#1': ['fail'], 'strict#0': ['fail'], held: ['timeout'] };
const messages = { build: '{"tag": "v1", "files": ["a", "b", "c"]}' };
const aStory = useFlowStories(useControlPlane({ jobs: true }), outcomes, messages);

const gives = (...names: readonly string[]) => ({
  outputs: {
    parameters: names.map((name) => ({ name, valueFrom: { terminationMessage: { jsonPath: `$.${name}` } } })),
  },
});

function withPod(container: object, pod: object = {}) {
  const containers = [{ name: 'main', image: 'example.com/work:1', ...container }];
  return { template: { spec: { template: { spec: { restartPolicy: 'Never', containers, ...pod } } } } };
}

describe('on a real API server, a step', () => {
  test('takes what another one left as termination message, wrote into a ConfigMap, or has as status', async () => {
    const story = await aStory();
    await story.kubectl('create', 'configmap', 'settings', '--from-literal=mode=fast');
    await story.kubectl('create', 'secret', 'generic', 'token', '--from-literal=value=hidden');
    const parameters = [
      { name: 'tag', valueFrom: { output: { step: 'build', name: 'tag' } } },
      { name: 'mode', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } },
      { name: 'done', valueFrom: { jsonPath: 'build:$.status.succeeded' } },
      { name: 'token', valueFrom: { secretKeyRef: { name: 'token', key: 'value' } } },
    ];
    const args = ['{{ .parameters.tag }} {{.parameters.mode}} {{parameters.done}} {{parameters.region}}'];
    await story.apply({
      parameters: { region: 'eu' },
      steps: [
        aStep('build', [], gives('tag')),
        aStep('use', 'build', { ...withPod({ args }), inputs: { parameters } }),
        aStep('old', 'build', { when: "steps.build.outputs.tag == 'v0'" }),
      ],
    });
    await story.untilPhase('Succeeded');
    expect(await story.states()).toMatchObject({ old: 'Skipped WhenFalse' });
    const made = await story.kubectl('get', 'jobs', '-l', 'workflow.kube-zen.io/step=use', '-o', 'json');
    expect(made).toContain('"v1 fast 1 eu"');
    expect(made).toContain('PARAM_TOKEN');
    expect(made).not.toContain('hidden');
    expect(await story.kubectl('get', 'jf', 'nightly', '-o', 'jsonpath={.status.steps[*].outputs}')).toContain('v1');
  });

  test('fails without the outputs that it declares', async () => {
    const story = await aStory();
    await story.apply({ steps: [aStep('build', [], gives('nothing')), aStep('b', 'build')] });
    await story.untilPhase('Failed');
    expect(await story.states()).toMatchObject({ build: 'Failed OutputsLost', b: 'Skipped UpstreamFailed' });
  });

  test('runs for each item as one Indexed Job, and as many may fail as it says', async () => {
    const story = await aStory();
    const forEach = { from: 'steps.build.outputs.files', parallelism: 2 };
    await story.apply({
      steps: [
        aStep('build', [], gives('files')),
        aStep('each', 'build', { forEach: { ...forEach, maxFailed: 1 } }),
        aStep('strict', 'each', { forEach: { items: ['x', 'y'] }, continueOnFailure: true }),
      ],
    });
    await story.untilPhase('Succeeded');
    expect(await story.states()).toMatchObject({ each: 'Succeeded', strict: 'Failed JobFailed' });
    const [name] = (await story.kubectl('get', 'jobs', '-l', 'workflow.kube-zen.io/step=each', '-o', 'name')).split(
      '\n',
    );
    const job = name?.replace('job.batch/', '') ?? '';
    expect(
      await story.kubectl('get', 'job', job, '-o', 'jsonpath={.status.completedIndexes} {.status.failedIndexes}'),
    ).toBe('0,2 1');
    expect(await story.kubectl('get', 'configmap', `${job}-items`, '-o', 'jsonpath={.data}')).toBe(
      '{"0":"a","1":"b","2":"c"}',
    );
  });

  test('mounts claims and ConfigMaps of its flow, which go along with it', async () => {
    const story = await aStory();
    const volumes = [{ name: 'work', persistentVolumeClaim: { claimName: 'work' } }];
    const envFrom = [{ configMapRef: { name: 'settings' } }];
    const claim = {
      metadata: { name: 'work' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    await story.apply({
      parameters: { region: 'eu' },
      resourceTemplates: {
        volumeClaimTemplates: [claim],
        configMapTemplates: [{ metadata: { name: 'settings' }, data: { REGION: '{{parameters.region}}' } }],
      },
      steps: [aStep('a', [], withPod({ envFrom }, { volumes })), aStep('b', 'a', withPod({}, { volumes }))],
    });
    await expect.poll(() => story.kubectl('get', 'pvc', '-o', 'name')).toContain('persistentvolumeclaim/nightly-work');
    expect(await story.kubectl('get', 'configmap', 'nightly-settings', '-o', 'jsonpath={.data.REGION}')).toBe('eu');
    expect(await story.kubectl('get', 'jobs', '-o', 'json')).toContain('"claimName": "nightly-work"');
    await story.kubectl('delete', 'jf', 'nightly');
    // The claim itself stays for the controller that protects claims in use. It does not run here.
    const goes = () => story.kubectl('get', 'pvc', 'nightly-work', '-o', 'jsonpath={.metadata.deletionTimestamp}');
    await expect.poll(goes, { timeout: 90_000 }).not.toBe('');
    const configMaps = () => story.kubectl('get', 'cm', '-l', 'workflow.kube-zen.io/flow=nightly', '-o', 'name');
    await expect.poll(configMaps, { timeout: 90_000 }).toBe('');
  });

  test('runs once: its Job is made suspended, and released when its uid is recorded', async () => {
    const story = await aStory();
    await story.apply({ steps: [aStep('a', [], { once: true })] });
    await story.untilPhase('Succeeded');
    expect(await story.kubectl('get', 'jobs', '-o', 'jsonpath={.items[*].status.conditions[*].type}')).toContain(
      'Suspended',
    );
  });

  test('is suspended along with its flow, and goes on with it', async () => {
    const story = await aStory();
    await story.apply({ suspendJobs: true, steps: [aStep('held')] });
    await expect.poll(() => story.kubectl('get', 'pods', '-o', 'name')).not.toBe('');
    await story.patch({ spec: { suspend: true } });
    const suspended = () => story.kubectl('get', 'jobs', '-o', 'jsonpath={.items[*].spec.suspend}');
    await expect.poll(suspended).toBe('true');
    await story.patch({ spec: { suspend: false } });
    await expect.poll(suspended).toBe('false');
    expect(await story.jobs()).toEqual(['held/1']);
  });
});

test('on a real API server, a folder of a claim is what one step writes and the next one reads', async () => {
  const story = await aStory();
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } };
  await story.apply({
    resourceTemplates: { volumeClaimTemplates: [{ metadata: { name: 'work' }, spec: claim }] },
    steps: [
      aStep('build', [], { outputs: { artifacts: [{ name: 'site', path: '/out', volumeClaim: 'work' }] } }),
      aStep('publish', 'build', { inputs: { artifacts: [{ name: 'site', path: '/in', from: 'build' }] } }),
    ],
  });
  await story.untilPhase('Succeeded');
  const mounts = '{range .items[*]}{.spec.template.spec.containers[0].volumeMounts}{"\\n"}{end}';
  const text = await story.kubectl('get', 'jobs', '--sort-by=.metadata.creationTimestamp', '-o', `jsonpath=${mounts}`);
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    [{ name: 'artifacts-work', mountPath: '/out', subPath: 'build/site' }],
    [{ name: 'artifacts-work', mountPath: '/in', subPath: 'build/site', readOnly: true }],
  ]);
  expect(await story.kubectl('get', 'pvc', '-o', 'name')).toContain('nightly-work');
});

test('on a real API server, a flow that asks zen-flow to move files fails, and says how to do it', async () => {
  const story = await aStory();
  const artifacts = [{ name: 'site', path: '/out', volumeClaim: 'work', s3: { bucket: 'b', key: 'k' } }];
  await story.apply({ steps: [aStep('build', [], { outputs: { artifacts } })] });
  await story.untilPhase('Failed');
  const message = '{.status.conditions[?(@.type=="Valid")].message}';
  expect(await story.kubectl('get', 'jf', 'nightly', '-o', `jsonpath=${message}`)).toContain(
    'spec.steps[0].outputs.artifacts[0].s3: is not supported: the Go zen-flow does it on the file system',
  );
  expect(await story.jobs()).toEqual([]);
});

describe('on a real API server, flows of a group', () => {
  const executionPolicy = { concurrencyKey: 'db' };

  test('run one after the other', async () => {
    const story = await aStory();
    await story.applyAs('first', { executionPolicy, steps: [aStep('a'), aStep('b', 'a')] });
    await story.untilPhase('Running', 'first');
    await story.applyAs('second', { executionPolicy, steps: [aStep('c')] });
    await story.untilPhase('Succeeded', 'second');
    expect(await story.states('first')).toMatchObject({ flow: 'Succeeded' });
    const times = await story.kubectl('get', 'jobs', '--sort-by=.metadata.creationTimestamp', '-o', 'name');
    expect(times.split('\n').map((line) => /-(\w)-1-/.exec(line)?.[1])).toEqual(['a', 'b', 'c', undefined]);
  });

  test('replace the one that runs, where they say so', async () => {
    const story = await aStory();
    await story.applyAs('first', { executionPolicy, steps: [aStep('held')] });
    await story.untilPhase('Running', 'first');
    await story.applyAs('second', {
      executionPolicy: { ...executionPolicy, concurrencyPolicy: 'Replace' },
      steps: [aStep('c')],
    });
    await story.untilPhase('Succeeded', 'second');
    expect(await story.states('first')).toMatchObject({ flow: 'Failed Terminated' });
  });
});

test('on a real API server, the result of a memoized step is kept for the next flow', async () => {
  const story = await aStory();
  const steps = [aStep('build', [], { memoize: { key: "'today'" }, ...gives('tag') })];
  await story.apply({ steps });
  await story.untilPhase('Succeeded');
  await expect.poll(() => story.kubectl('get', 'cm', '-o', 'name')).toContain('zen-flow-memo-');
  await story.applyAs('second', { steps });
  await story.untilPhase('Succeeded', 'second');
  expect(await story.states('second')).toMatchObject({ build: 'Succeeded Memoized' });
  expect(await story.jobs()).toEqual(['build/1']);
});
