/**
 * Flows on a real kube-apiserver, with the real Job controller and garbage collector, and
 * `zen-flow run` as a process that has the rights of deploy/flow/rights. A stand-in kubelet ends
 * the pods.
 */

import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aFlowStory, applyFlowKinds, type FlowStory, writeFlowKubeconfig } from '../support/controlPlane/aFlowStory.ts';
import { type StandInKubelet, startStandInKubelet } from '../support/controlPlane/standInKubelet.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aManualStep, aStep } from '../support/objects/aFlow.ts';
import { type RunningProcess, startProcess } from '../support/programs/startProcess.ts';

const root = resolve(import.meta.dirname, '../..');
const controlPlane = useControlPlane({ jobs: true });
const outcomes = { flaky: ['fail', 'ok'], broken: ['fail'], coded: ['fail:3', 'fail:4'], stuck: ['timeout'] };
let kubelet: StandInKubelet;
let kubeconfig: string;
let bridge: RunningProcess;
let bridges = 0;
let stories = 0;

function startBridge(): RunningProcess {
  bridges += 1;
  const { directory } = controlPlane();
  return startProcess({
    name: `zen-flow-${bridges}`,
    command: process.execPath,
    args: [join(root, 'cli/zen-flow.ts'), 'run', '--kubeconfig', kubeconfig, '--port', '0', '--no-lease'],
    directory,
    workingDirectory: root,
  });
}

beforeAll(async () => {
  await applyFlowKinds(controlPlane(), 'rights');
  kubeconfig = await writeFlowKubeconfig(controlPlane(), 'zen-flow');
  kubelet = startStandInKubelet(controlPlane(), outcomes, 100);
  bridge = startBridge();
});
afterAll(async () => {
  await bridge?.stop('SIGKILL');
  await kubelet?.close();
});

function aStory(): Promise<FlowStory> {
  stories += 1;
  return aFlowStory(controlPlane(), `flow-${stories}`);
}

describe('on a real API server, a flow', () => {
  test('runs its steps in their order, and kubectl shows how far it is', async () => {
    const story = await aStory();
    await story.apply({ steps: [aStep('c', ['a', 'b']), aStep('b', 'a'), aStep('a')], finally: [aStep('z')] });
    await story.untilPhase('Succeeded');
    expect(await story.kubectl('get', 'jf')).toMatch(/nightly +Succeeded +4\/4/);
    expect(await story.jobs()).toEqual(['a/1', 'b/1', 'c/1', 'z/1']);
    const times = await story.kubectl('get', 'jobs', '--sort-by=.metadata.creationTimestamp', '-o', 'name');
    expect(times.split('\n').map((line) => /nightly-(\w)-/.exec(line)?.[1])).toEqual(['a', 'b', 'c', 'z', undefined]);
    await expect.poll(() => story.kubectl('describe', 'jf', 'nightly')).toContain('JobFlowSucceeded');
  });

  test('tries again as a Job of another name, reads exit codes, and skips what is behind a failure', async () => {
    const story = await aStory();
    const retryPolicy = { limit: 3, backoff: { duration: '100ms' } };
    const coded = { retryPolicy: { ...retryPolicy, when: 'exitCode == 3' }, continueOnFailure: true };
    await story.apply({
      steps: [
        aStep('flaky', [], { retryPolicy }),
        aStep('coded', 'flaky', coded),
        aStep('broken', 'coded', { retryPolicy: { limit: 0 } }),
        aStep('behind', 'broken'),
      ],
    });
    await story.untilPhase('Failed');
    expect(await story.jobs()).toEqual(['broken/1', 'coded/1', 'coded/2', 'flaky/1', 'flaky/2']);
    expect(await story.states()).toMatchObject({
      flow: 'Failed StepFailed',
      flaky: 'Succeeded',
      coded: 'Failed JobFailed',
      behind: 'Skipped UpstreamFailed',
    });
  });

  test('evaluates conditions, and fails a step at its time-out', async () => {
    const story = await aStory();
    await story.apply({
      parameters: { day: 'monday' },
      steps: [
        aStep('a', [], { when: "params.day == 'monday'" }),
        aStep('b', 'a', { when: "steps.a.phase == 'Failed'" }),
        aStep('stuck', 'b', { timeoutSeconds: 1, continueOnFailure: true }),
      ],
    });
    await story.untilPhase('Succeeded');
    expect(await story.states()).toMatchObject({ a: 'Succeeded', b: 'Skipped WhenFalse', stuck: 'Failed Timeout' });
  });

  test('waits for an approval, and goes on with it', async () => {
    const story = await aStory();
    await story.apply({ steps: [aStep('a'), aManualStep('q', ['a']), aStep('b', 'q')] });
    await story.untilPhase('Paused');
    expect(await story.kubectl('get', 'jf')).toMatch(/nightly +Paused +1\/3 +approval of q/);
    await story.kubectl('annotate', 'jf', 'nightly', 'approved.workflow.kube-zen.io/q=true');
    await story.untilPhase('Succeeded');
    expect(await story.states()).toMatchObject({ q: 'Succeeded Approved' });
  });

  test('deletes what runs when it is terminated, and runs finally', async () => {
    const story = await aStory();
    await story.apply({ steps: [aStep('stuck')], finally: [aStep('z')] });
    await expect.poll(() => kubelet.ran.includes('stuck/1')).toBe(true);
    await story.patch({ spec: { shutdown: 'Terminate' } });
    await story.untilPhase('Failed');
    expect(await story.states()).toMatchObject({ flow: 'Failed Terminated', z: 'Succeeded' });
    await expect.poll(story.jobs).toEqual(['z/1']);
  });

  test('takes its Jobs, pods and record along when it is deleted, and starts nothing more', async () => {
    const story = await aStory();
    await story.apply({ steps: [aStep('stuck'), aStep('b', 'stuck')] });
    await expect.poll(story.jobs).toEqual(['stuck/1']);
    await story.kubectl('delete', 'jf', 'nightly');
    const left = () => story.kubectl('get', 'jobs,pods,jobflowrecords', '-o', 'name');
    // The garbage collector looks for new kinds every 30 s.
    await expect.poll(left, { timeout: 90_000 }).toBe('');
  });

  test('ends a step whose Job the API server refuses', async () => {
    const story = await aStory();
    const pod = { restartPolicy: 'Never', containers: [{ name: 'Not A Name', image: 'i:1' }] };
    await story.apply({
      steps: [{ name: 'bad', template: { spec: { template: { spec: pod } } }, continueOnFailure: true }, aStep('good')],
    });
    await story.untilPhase('Succeeded');
    expect(await story.states()).toMatchObject({ bad: 'Failed InvalidTemplate', good: 'Succeeded' });
  });

  test('has its record built again when that is deleted, and nothing runs twice (Z14)', async () => {
    const story = await aStory();
    await story.apply({ steps: [aStep('a'), aManualStep('q', ['a']), aStep('b', 'q')] });
    await story.untilPhase('Paused');
    await story.kubectl('delete', 'jobflowrecords', '--all');
    await expect
      .poll(() => story.kubectl('get', 'jobflowrecords', '-o', 'jsonpath={.items[*].data}'))
      .toContain('PendingApproval');
    await story.kubectl('annotate', 'jf', 'nightly', 'approved.workflow.kube-zen.io/q=true');
    await story.untilPhase('Succeeded');
    expect(await story.jobs()).toEqual(['a/1', 'b/1']);
  });

  test('loses nothing and doubles nothing when zen-flow is killed again and again', async () => {
    const story = await aStory();
    const width = Array.from({ length: 6 }, (_, index) => `w${index}`);
    await story.apply({
      steps: [aStep('a'), ...width.map((name) => aStep(name, 'a')), aStep('e', width), aStep('f', 'e')],
    });
    for (const when of ['a/1', 'w0/1', 'e/1']) {
      await expect.poll(story.jobs, { timeout: 60_000 }).toContain(when);
      await bridge.stop('SIGKILL');
      bridge = startBridge();
    }
    await story.untilPhase('Succeeded');
    const expected = ['a', 'e', 'f', ...width].map((name) => `${name}/1`).sort();
    expect(await story.jobs()).toEqual(expected);
    const ran = kubelet.ran.filter((attempt) => /^(w\d|e|f)\/1$/.test(attempt)).sort();
    expect(ran).toEqual(expected.filter((attempt) => attempt !== 'a/1'));
  });
});
