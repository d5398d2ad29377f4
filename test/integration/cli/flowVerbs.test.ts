/** The commands that people type about flows that run, on the embedded API server. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RequestInfo } from '../../../apiserver/requestFaults.ts';
import { writeKubeconfig } from '../../../apiserver/writeKubeconfig.ts';
import { parseJob } from '../../../lib/flow/objects/parseJob.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { aManualStep, aStep } from '../../support/objects/aFlow.ts';
import { aFlowCluster, type FlowCluster } from '../../support/programs/aFlowCluster.ts';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';
import { type Typed, typeFlowCommand } from '../../support/programs/typeCommand.ts';
import { type ProxiedUser, startUserProxy } from '../../support/servers/startUserProxy.ts';

type Typist = (...args: readonly string[]) => Promise<Typed>;

async function aTypist(cluster: FlowCluster): Promise<Typist> {
  const kubeconfig = join(aDirectory(), 'kubeconfig');
  await cluster.server.writeKubeconfig(kubeconfig);
  return (...args) => typeFlowCommand(...args, '--kubeconfig', kubeconfig);
}

async function aTypistNamed(cluster: FlowCluster, user: ProxiedUser): Promise<Typist> {
  const kubeconfig = join(aDirectory(), 'kubeconfig');
  await writeKubeconfig(kubeconfig, await startUserProxy(cluster.server.url, user));
  return (...args) => typeFlowCommand(...args, '--kubeconfig', kubeconfig);
}

describe('a person', () => {
  it('sees flows, says why they wait, and answers', async () => {
    const cluster = await aFlowCluster();
    const type = await aTypist(cluster);
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a'), aManualStep('q', ['a']), aStep('b', 'q')] });
    await cluster.untilPhase('Paused');
    expect((await type('list')).stdout).toMatch(/nightly +Paused +1\/3 +approval of q/);
    const { stdout } = await type('explain', 'nightly');
    expect(stdout).toContain('default/nightly: Paused');
    expect(stdout).toMatch(/q +waits for a person/);
    expect(stdout).toMatch(/b +waits for q/);
    expect(await type('approve', 'nightly', 'q')).toMatchObject({ code: 0 });
    await cluster.untilPhase('Succeeded');
    expect((await type('approve', 'nightly', 'q')).stderr).toContain('has been answered');
  });

  it('sees in the list that a flow waits for its group, or for a quota', async () => {
    const cluster = await aFlowCluster({}, 60_000);
    const type = await aTypist(cluster);
    const isTaken = ({ verb, resource }: RequestInfo) => verb === 'create' && resource === 'jobs';
    cluster.server.faults.add({ fault: { kind: 'status', code: 403 }, matches: isTaken });
    cluster.startBridge();
    const group = { steps: [aStep('a')], executionPolicy: { concurrencyKey: 'db' } };
    cluster.apply(group);
    await expect
      .poll(async () => (await type('list')).stdout)
      .toMatch(/nightly +Running +0\/1 +the API server to take a\n/);
    cluster.apply(group, 'second');
    await expect.poll(async () => (await type('list')).stdout).toMatch(/second +Pending +0\/1 +its turn in group db\n/);
  });

  it('reads why the pods of a step wait', async () => {
    const cluster = await aFlowCluster({}, 60_000);
    const type = await aTypist(cluster);
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a')] });
    await expect.poll(() => cluster.made).toEqual(['a/1']);
    const job = cluster.objects.list('jobs').map(parseJob)[0]?.name ?? '';
    const pod = (name: string, status: object) => {
      cluster.objects.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default', labels: { 'batch.kubernetes.io/job-name': job } },
        spec: { containers: [{ name: 'main', image: 'example.com/none:1' }] },
      });
      cluster.objects.patchStatus({ resource: 'pods', namespace: 'default', name }, { status });
    };
    const waiting = { reason: 'ErrImagePull', message: 'not found' };
    pod('p1', { containerStatuses: [{ name: 'main', state: { waiting } }] });
    pod('p2', { containerStatuses: [{ name: 'main', state: { waiting: { reason: 'ContainerCreating' } } }] });
    const scheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' };
    pod('p3', { conditions: [scheduled] });
    const { stdout } = await type('explain', 'nightly');
    expect(stdout).toContain('pod p1 waits: ErrImagePull, not found; pod p3 waits: Unschedulable, 0/1 nodes');
    expect(stdout).not.toContain('p2');
  });

  it('reads how the containers of a step that failed ended, of the one step that is asked for', async () => {
    const message = `disk full\u001b[2J${'x'.repeat(4_096)}\n`;
    const cluster = await aFlowCluster({ a: ['fail:3'] }, 30, { a: message });
    const type = await aTypist(cluster);
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a'), aStep('b', 'a')] });
    await cluster.untilPhase('Failed');
    const lines = (await type('explain', 'nightly', 'a')).stdout.trimEnd().split('\n');
    expect(lines).toEqual(['default/nightly: Failed, StepFailed', expect.stringMatching(/^ {2}a +failed: /)]);
    expect(lines[1]).toMatch(
      /the Job of attempt 1 failed; container main of pod \S+ ended with exit code 3, Error, disk full\\u001b\[2Jx+$/,
    );
    expect(lines[1]?.length).toBeLessThan(400);
    expect((await type('explain', 'nightly')).stdout).toContain('b  was skipped');
    const { code, stderr } = await type('explain', 'nightly', 'z');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('has no step "z"; those are a, b') });
  });

  it('retries a step that failed, by the number of the next attempt', async () => {
    const cluster = await aFlowCluster({ a: ['fail', 'ok'] });
    const type = await aTypist(cluster);
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a')] });
    await cluster.untilPhase('Failed');
    expect(await type('retry', 'nightly', 'a')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('attempt 2'),
    });
    await cluster.untilPhase('Succeeded');
    expect(cluster.made).toEqual(['a/1', 'a/2']);
  });

  it('goes on without a step that failed, or was skipped because of one, and says where nothing would change', async () => {
    const cluster = await aFlowCluster({ bad: ['fail'] });
    const type = await aTypist(cluster);
    cluster.startBridge();
    const steps = [aStep('bad'), aStep('behind', 'bad'), aStep('last', 'behind'), aManualStep('q', ['last'])];
    cluster.apply({ steps: [...steps, aStep('end', 'q')] });
    await cluster.untilPhase('Failed');
    expect(await type('skip', 'nightly', 'behind')).toMatchObject({ code: 0 });
    await cluster.untilPhase('Paused');
    expect(cluster.states()).toMatchObject({ bad: 'Failed JobFailed', behind: 'Skipped Bypassed', last: 'Succeeded' });
    await type('reject', 'nightly', 'q');
    await cluster.untilPhase('Failed');
    expect(await type('skip', 'nightly', 'q')).toMatchObject({ stdout: 'nightly goes on without step q\n' });
    await expect.poll(cluster.states).toMatchObject({ q: 'Skipped Bypassed', end: 'Succeeded' });
    await type('skip', 'nightly', 'bad');
    await cluster.untilPhase('Succeeded');
    expect(cluster.made).toEqual(['bad/1', 'last/1', 'end/1']);
    for (const [step, state] of [
      ['bad', 'Skipped Bypassed'],
      ['last', 'Succeeded'],
    ] as const) {
      const stderr = `step "${step}" holds nothing up: ${state}`;
      expect(await type('skip', 'nightly', step)).toMatchObject({ code: 1, stderr });
    }
    expect(await type('retry', 'nightly', 'bad')).toMatchObject({ code: 0 });
    await expect.poll(() => cluster.made).toContain('bad/3');
  });

  it('is told that a flow which was stopped takes up nothing more', async () => {
    const cluster = await aFlowCluster({}, 60_000);
    const type = await aTypist(cluster);
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a'), aStep('b', 'a')] });
    await expect.poll(() => cluster.made).toEqual(['a/1']);
    await type('terminate', 'nightly');
    await cluster.untilPhase('Failed');
    for (const verb of ['skip', 'retry'])
      expect((await type(verb, 'nightly', 'a')).stderr).toBe('flow nightly starts nothing more: Terminated');
  });

  it('is asked again where an answer was rejected and the question is retried', async () => {
    const cluster = await aFlowCluster();
    const type = await aTypist(cluster);
    cluster.startBridge();
    cluster.apply({ steps: [aManualStep('q'), aStep('a', 'q')] });
    await cluster.untilPhase('Paused');
    await type('reject', 'nightly', 'q');
    await cluster.untilPhase('Failed');
    await type('retry', 'nightly', 'q');
    await cluster.untilPhase('Paused');
    const asked = cluster.record()?.steps.find(({ name }) => name === 'q');
    expect(asked).toMatchObject({ phase: 'PendingApproval', attempt: 2 });
    expect(await type('approve', 'nightly', 'q')).toMatchObject({ code: 0 });
    await cluster.untilPhase('Succeeded');
  });

  it('gives no answer that would not count, and reads why one does not', async () => {
    const cluster = await aFlowCluster();
    const joe = await aTypistNamed(cluster, { username: 'joe', groups: ['ops', 'system:authenticated'] });
    const initiated = { 'workflow.kube-zen.io/initiated-by': 'joe' };
    const question = (name: string, approval: JsonObject) => aManualStep(name, [], { approval });
    cluster.startBridge();
    cluster.apply({
      steps: [
        question('boss', { users: ['boss'] }),
        question('team', { users: ['boss'], groups: ['admins'] }),
        question('other', { notInitiator: true }),
        question('ops', { groups: ['ops'] }),
      ],
    });
    await cluster.untilPhase('Paused');
    const notListed = 'joe is not in approval.users';
    const because = 'and approval.notInitiator asks for another person';
    const refusals = async (step: string) => (await joe('approve', 'nightly', step)).stderr;
    expect(await refusals('boss')).toBe(`the answer would not count: ${notListed}`);
    expect(await refusals('team')).toBe(`${notListed}, nor in one of approval.groups`);
    expect(await refusals('other')).toBe(`the answer would not count: who started the flow is not known, ${because}`);
    cluster.annotate(initiated);
    expect(await refusals('other')).toBe(`the answer would not count: joe started the flow, ${because}`);
    expect(await joe('approve', 'nightly', 'ops')).toMatchObject({ code: 0, stderr: '' });
    await expect.poll(cluster.states).toMatchObject({ ops: 'Succeeded Approved' });
    cluster.annotate({
      [`approved.workflow.kube-zen.io/boss`]: 'true',
      'approved-by.workflow.kube-zen.io/boss': 'joe',
    });
    expect((await joe('explain', 'nightly', 'boss')).stdout).toContain(
      `"true" or "false"; the answer "true" by joe does not count: ${notListed}`,
    );
  });

  it('whose name the API server does not say is warned that the answer may not count', async () => {
    const cluster = await aFlowCluster();
    const type = await aTypist(cluster);
    cluster.apply({ steps: [aManualStep('q'), aManualStep('boss', [], { approval: { users: ['boss'] } })] });
    expect(await type('approve', 'nightly', 'q')).toMatchObject({ code: 0, stderr: '' });
    const stderr = 'the API server does not say who you are, and spec.approval says who may answer\n';
    expect(await type('approve', 'nightly', 'boss')).toMatchObject({ code: 0, stderr });
  });

  it('suspends, resumes, skips and stops', async () => {
    const cluster = await aFlowCluster({}, 100);
    const type = await aTypist(cluster);
    cluster.startBridge();
    cluster.apply({ suspend: true, steps: [aStep('a'), aStep('b', 'a'), aManualStep('q', ['b']), aStep('c', 'q')] });
    await cluster.untilPhase('Suspended');
    await type('skip', 'nightly', 'b');
    await type('resume', 'nightly');
    await cluster.untilPhase('Paused');
    expect(cluster.states()).toMatchObject({ b: 'Skipped Bypassed' });
    await type('stop', 'nightly');
    await cluster.untilPhase('Failed');
    expect(cluster.states()).toMatchObject({ flow: 'Failed Stopped', c: 'Skipped Stopped' });
    expect((await type('suspend', 'nightly')).stderr).toContain('has ended');
  });

  it('is told what there is, where a name is wrong', async () => {
    const cluster = await aFlowCluster();
    const type = await aTypist(cluster);
    cluster.apply({ steps: [aStep('a')] });
    expect(await type('explain', 'none')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no flow none'),
    });
    expect(await type('skip', 'nightly', 'z')).toMatchObject({ stderr: expect.stringContaining('those are a') });
    expect(await type('approve', 'nightly', 'a')).toMatchObject({ stderr: expect.stringContaining('asks no person') });
    expect((await type('list', '--namespace', 'other')).stdout).toContain('there are no flows in namespace other');
  });
});
