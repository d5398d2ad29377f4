/** Data between steps, groups, kept results and holds of Jobs, on the embedded API server. */

import { describe, expect, it } from 'vitest';
import { parseRecordObject } from '../../../lib/flow/objects/parseRecordObject.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { aStep } from '../../support/objects/aFlow.ts';
import { aFlowCluster, FLOW } from '../../support/programs/aFlowCluster.ts';

function withArgs(arg: string): JsonObject {
  const container = { name: 'main', image: 'example.com/work:1', args: [arg] };
  return { template: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } } };
}

const message = (name: string): JsonObject => ({
  outputs: { parameters: [{ name, valueFrom: { terminationMessage: { jsonPath: `$.${name}` } } }] },
});

const fromBuild: JsonObject = {
  inputs: { parameters: [{ name: 'tag', valueFrom: { output: { step: 'build', name: 'tag' } } }] },
};

describe('data between steps', () => {
  it('goes from the message of one container into the arguments of another, and into the status', async () => {
    const cluster = await aFlowCluster({}, 30, { build: '{"tag": "v1\\", \\"--evil"}' });
    cluster.startBridge();
    cluster.apply({
      steps: [
        aStep('build', [], message('tag')),
        aStep('deploy', 'build', { ...withArgs(`--tag=\${parameters.tag}`), ...fromBuild }),
        aStep('never', 'build', { when: "steps.build.outputs.tag == ''" }),
      ],
    });
    await cluster.untilPhase('Succeeded');
    expect(cluster.states()).toMatchObject({ never: 'Skipped WhenFalse' });
    const job = cluster.objects.list('jobs').find(({ metadata }) => metadata.name.includes('-deploy-'));
    expect(job).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [{ args: ['--tag=v1", "--evil'], env: [{ name: 'PARAM_TAG', value: 'v1", "--evil' }] }],
          },
        },
      },
    });
    const parameters = [{ name: 'tag', value: 'v1", "--evil' }];
    await expect
      .poll(() => cluster.objects.read(FLOW))
      .toMatchObject({
        status: { steps: expect.arrayContaining([expect.objectContaining({ outputs: { parameters } })]) },
      });
  });

  it('that a container does not leave fails its step', async () => {
    const cluster = await aFlowCluster({}, 30, { build: 'no JSON' });
    cluster.startBridge();
    cluster.apply({ steps: [aStep('build', [], message('tag')), aStep('b', 'build')] });
    await cluster.untilPhase('Failed');
    expect(cluster.states()).toMatchObject({ build: 'Failed OutputsLost', b: 'Skipped UpstreamFailed' });
  });

  it('comes from ConfigMaps that are there, and from the status of a Job', async () => {
    const cluster = await aFlowCluster();
    cluster.objects.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { mode: 'fast' },
    });
    cluster.startBridge();
    const configMapKeyRef = { name: 'settings', key: 'mode' };
    const parameters = [
      { name: 'mode', valueFrom: { configMapKeyRef } },
      { name: 'done', valueFrom: { jsonPath: 'a:$.status.conditions[?(@.type=="Complete")].reason' } },
    ];
    const reads = { ...withArgs(`\${parameters.mode} \${parameters.done}`), inputs: { parameters } };
    const gives = { outputs: { parameters: [{ name: 'result', valueFrom: { configMapKeyRef } }] } };
    cluster.apply({ steps: [aStep('a', [], gives), aStep('b', 'a', reads)] });
    await cluster.untilPhase('Succeeded');
    expect(JSON.stringify(cluster.objects.list('jobs'))).toContain('fast CompletionsReached');
    expect(cluster.record()).toMatchObject({ inputs: { b: { mode: 'fast' } }, outputs: { a: { result: 'fast' } } });
  });

  it('that is missing fails the step that wants it, and an absent ConfigMap is not waited for', async () => {
    const cluster = await aFlowCluster();
    cluster.startBridge();
    const valueFrom = { configMapKeyRef: { name: 'none', key: 'mode' } };
    cluster.apply({ steps: [aStep('a', [], { inputs: { parameters: [{ name: 'mode', valueFrom }] } })] });
    await cluster.untilPhase('Failed');
    expect(cluster.states()).toMatchObject({ a: 'Failed InvalidInput' });
    expect(cluster.made).toEqual([]);
  });
});

describe('what a flow owns', () => {
  it('is made before its Job, and its name is taken by no other', async () => {
    const cluster = await aFlowCluster();
    const foreign = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'nightly-taken' }, data: {} };
    cluster.objects.create(foreign);
    cluster.startBridge();
    const mounts = (name: string): JsonObject => {
      const container = { name: 'main', image: 'i:1', envFrom: [{ configMapRef: { name } }] };
      return { template: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } } };
    };
    const template = (name: string) => ({ metadata: { name }, data: { region: `\${parameters.region}` } });
    cluster.apply({
      parameters: { region: 'eu' },
      resourceTemplates: { configMapTemplates: [template('settings'), template('taken')] },
      steps: [aStep('a', [], mounts('settings')), aStep('b', 'a', { ...mounts('taken'), continueOnFailure: true })],
    });
    await cluster.untilPhase('Succeeded');
    expect(cluster.states()).toMatchObject({ a: 'Succeeded', b: 'Failed InvalidTemplate' });
    const made = cluster.objects.read({ resource: 'configmaps', namespace: 'default', name: 'nightly-settings' });
    expect(made).toMatchObject({ data: { region: 'eu' }, metadata: { ownerReferences: [{ name: 'nightly' }] } });
    const resourceRefs = expect.arrayContaining([{ kind: 'ConfigMap', name: 'nightly-settings' }]);
    expect(cluster.objects.read(FLOW)).toMatchObject({ status: { resourceRefs } });
  });
});

describe('flows of a group', () => {
  const oneOf = (policy: string) => ({
    steps: [aStep('a')],
    executionPolicy: { concurrencyKey: 'db', concurrencyPolicy: policy },
  });
  const phaseOf = (cluster: Awaited<ReturnType<typeof aFlowCluster>>, name: string) => {
    const found = cluster.objects.read({ ...FLOW, name });
    return (found?.['status'] as { phase?: string } | undefined)?.phase;
  };

  it('run one after the other', async () => {
    const cluster = await aFlowCluster({}, 300);
    cluster.startBridge();
    cluster.apply(oneOf('Forbid'), 'first');
    await expect.poll(() => phaseOf(cluster, 'first')).toBe('Running');
    cluster.apply(oneOf('Forbid'), 'second');
    await expect.poll(() => phaseOf(cluster, 'second'), { timeout: 15_000 }).toBe('Succeeded');
    expect(phaseOf(cluster, 'first')).toBe('Succeeded');
    const records = cluster.objects.list('jobflowrecords').map(parseRecordObject);
    const recordOf = (name: string) => {
      const record = records.find(({ flow }) => flow === name)?.record;
      return typeof record === 'object' ? record : null;
    };
    const [first, second] = [recordOf('first'), recordOf('second')];
    expect(second?.steps[0]?.startedAt).toBeGreaterThanOrEqual(first?.endedAt ?? Number.POSITIVE_INFINITY);
    // How long the first one took is what the second one is expected to take.
    expect(second).toMatchObject({ expectedMs: expect.any(Number) });
    expect(first).not.toHaveProperty('expectedMs');
  });

  it('replace the one that runs', async () => {
    const cluster = await aFlowCluster({}, 3_600_000);
    cluster.startBridge();
    cluster.apply(oneOf('Replace'), 'first');
    await expect.poll(() => phaseOf(cluster, 'first')).toBe('Running');
    cluster.apply(oneOf('Replace'), 'second');
    await expect.poll(() => phaseOf(cluster, 'second'), { timeout: 15_000 }).toBe('Running');
    expect(phaseOf(cluster, 'first')).toBe('Failed');
  });
});

describe('Jobs that are held', () => {
  it('run once, after their uid was recorded', async () => {
    const cluster = await aFlowCluster();
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a', [], { once: true })] });
    await cluster.untilPhase('Succeeded');
    expect(cluster.made).toEqual(['a/1']);
  });

  it('are suspended along with the flow, and go on with it', async () => {
    const cluster = await aFlowCluster({}, 1_000);
    cluster.startBridge();
    cluster.apply({ suspendJobs: true, steps: [aStep('a')] });
    await expect.poll(() => cluster.objects.list('pods').length).toBe(1);
    cluster.objects.patch(FLOW, { spec: { suspend: true } });
    await expect.poll(() => cluster.objects.list('jobs')).toMatchObject([{ spec: { suspend: true } }]);
    await expect.poll(() => cluster.objects.list('pods')).toEqual([]);
    cluster.objects.patch(FLOW, { spec: { suspend: false } });
    await cluster.untilPhase('Succeeded');
    expect(cluster.made).toEqual(['a/1']);
  });
});

it('a step whose result was kept does not run again in the next flow', async () => {
  const cluster = await aFlowCluster({}, 30, { a: '{"tag": "v1"}' });
  cluster.startBridge();
  const memoized = { steps: [aStep('a', [], { memoize: {}, ...message('tag') })] };
  cluster.apply(memoized);
  await cluster.untilPhase('Succeeded');
  await expect.poll(() => cluster.objects.list('configmaps').length).toBe(1);
  cluster.apply(memoized, 'second');
  await expect
    .poll(() => cluster.objects.read({ ...FLOW, name: 'second' }))
    .toMatchObject({
      status: {
        phase: 'Succeeded',
        steps: [{ reason: 'Memoized', outputs: { parameters: [{ name: 'tag', value: 'v1' }] } }],
      },
    });
  expect(cluster.made).toEqual(['a/1']);
});
