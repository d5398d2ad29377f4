/**
 * What a flow says about itself as a whole, and what people ask of it, on a real kube-apiserver:
 * the fields of docs/reference/flows.md that the other stories do not try.
 */

import { describe, expect, test } from 'vitest';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { useFlowStories } from '../support/controlPlane/useFlowStories.ts';
import { aManualStep, aStep, aTemplate } from '../support/objects/aFlow.ts';

const controlPlane = useControlPlane({ jobs: true });
const outcomes = {
  broken: ['fail'],
  fatal: ['fail:42'],
  flaky: ['fail', 'ok'],
  stuck: ['timeout'],
  other: ['timeout'],
};
const aStory = useFlowStories(controlPlane, outcomes);
const soon = { backoff: { duration: '100ms' } };

describe('on a real API server, a flow', () => {
  test('fills parameters into a Job that its steps share, and runs no more of them than parallelism says', async () => {
    const story = await aStory();
    const [main] = (aTemplate['spec'] as { template: { spec: { containers: object[] } } }).template.spec.containers;
    const containers = [{ ...main, args: ['--region={{.parameters.region}}'] }];
    const template = { spec: { template: { spec: { restartPolicy: 'Never', containers } } } };
    const steps = ['stuck', 'other', 'third'].map((name) => ({ name, templateRef: 'work' }));
    const spec = { parallelism: 2, parameters: { region: 'eu' }, templates: [{ name: 'work', template }] };
    await story.apply({ ...spec, steps });
    await expect.poll(() => story.jobs(), { timeout: 20_000 }).toEqual(['other/1', 'stuck/1']);
    await expect.poll(() => story.states()).toMatchObject({ third: 'Pending Parallelism' });
    const args = '{.items[*].spec.template.spec.containers[0].args[0]}';
    expect(await story.kubectl('get', 'jobs', '-o', `jsonpath=${args}`)).toBe('--region=eu --region=eu');
    await story.patch({ spec: { parallelism: 3 } });
    await expect.poll(() => story.jobs(), { timeout: 20_000 }).toEqual(['other/1', 'stuck/1', 'third/1']);
  });

  test('starts nothing while it is suspended', async () => {
    const story = await aStory();
    await story.apply({ suspend: true, steps: [aStep('a')] });
    await story.untilPhase('Suspended');
    expect(await story.jobs()).toEqual([]);
    await story.patch({ spec: { suspend: false } });
    await story.untilPhase('Succeeded');
  });

  test('starts nothing more when it is stopped, lets what runs end, and runs finally', async () => {
    const story = await aStory();
    await story.apply({ steps: [aStep('a'), aManualStep('q', ['a']), aStep('b', 'q')], finally: [aStep('z')] });
    await story.untilPhase('Paused');
    await story.patch({ spec: { shutdown: 'Stop' } });
    await story.untilPhase('Failed');
    expect(await story.states()).toMatchObject({ flow: 'Failed Stopped', b: 'Skipped Stopped', z: 'Succeeded' });
  });

  test('ends at its own deadline, with what runs, and finally has another one', async () => {
    const story = await aStory();
    const executionPolicy = { activeDeadlineSeconds: 3, finallyDeadlineSeconds: 3 };
    await story.apply({ executionPolicy, steps: [aStep('stuck')], finally: [aStep('other')] });
    await story.untilPhase('Failed');
    expect(await story.states()).toMatchObject({
      flow: 'Failed ActiveDeadlineExceeded',
      stuck: 'Failed ActiveDeadlineExceeded',
      other: 'Failed FinallyDeadlineExceeded',
    });
    await expect.poll(() => story.jobs(), { timeout: 20_000 }).toEqual([]);
  });

  test('has so many retries for all steps together', async () => {
    const story = await aStory();
    const retryPolicy = { ...soon, limit: 5 };
    await story.apply({ executionPolicy: { backoffLimit: 1 }, steps: [aStep('broken', [], { retryPolicy })] });
    await story.untilPhase('Failed');
    expect(await story.states()).toMatchObject({ flow: 'Failed BackoffLimitExceeded' });
    expect(await story.jobs()).toEqual(['broken/1', 'broken/2']);
  });

  test('copies its podFailurePolicy into each Job, with the meaning that a Job gives it', async () => {
    const story = await aStory();
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }];
    await story.apply({ executionPolicy: { podFailurePolicy: { rules } }, steps: [aStep('fatal')] });
    await story.untilPhase('Failed');
    expect(await story.states()).toMatchObject({ fatal: 'Failed PodFailurePolicy' });
  });

  test('ends what runs after a failure where onFailure is Cancel', async () => {
    const story = await aStory();
    // Without a policy the Job itself would try its pod six times.
    const broken = aStep('broken', [], { retryPolicy: { limit: 0 } });
    await story.apply({ executionPolicy: { onFailure: 'Cancel' }, steps: [aStep('stuck'), broken] });
    await story.untilPhase('Failed');
    expect(await story.states()).toMatchObject({ flow: 'Failed StepFailed', stuck: 'Failed Cancelled' });
  });

  test('is deleted when its time to live is over', async () => {
    const story = await aStory();
    await story.apply({ executionPolicy: { ttlSecondsAfterFinished: 2 }, steps: [aStep('a')] });
    await expect.poll(() => story.kubectl('get', 'jf,jobs', '-o', 'name'), { timeout: 30_000 }).toContain('nightly');
    await expect.poll(() => story.kubectl('get', 'jf,jobs', '-o', 'name'), { timeout: 30_000 }).toBe('');
  });

  test.each([
    ['Reject', 'Failed ApprovalTimeout'],
    ['Approve', 'Succeeded ApprovalTimeout'],
    ['Skip', 'Skipped Bypassed'],
  ])('answers a question by itself after its time: %s', async (onTimeout, state) => {
    const story = await aStory();
    await story.apply({ steps: [aManualStep('q', [], { approval: { timeoutSeconds: 2, onTimeout } })] });
    await expect.poll(async () => (await story.states())['q'], { timeout: 20_000 }).toBe(state);
  });

  test('tries a failed step again on demand, by the number of the attempt', async () => {
    const story = await aStory();
    await story.apply({ steps: [aStep('flaky', [], { retryPolicy: { limit: 0 } }), aStep('b', 'flaky')] });
    await story.untilPhase('Failed');
    await story.kubectl('annotate', 'jf', 'nightly', 'attempts.workflow.kube-zen.io/flaky=2');
    await story.untilPhase('Succeeded');
    expect(await story.jobs()).toEqual(['b/1', 'flaky/1', 'flaky/2']);
  });

  test('goes on without a step that a person skips', async () => {
    const story = await aStory();
    await story.apply({ steps: [aManualStep('q'), aStep('stuck', ['q']), aStep('b', 'stuck')] });
    await story.untilPhase('Paused');
    await story.kubectl('annotate', 'jf', 'nightly', 'skip.workflow.kube-zen.io/stuck=true');
    await story.kubectl('annotate', 'jf', 'nightly', 'approved.workflow.kube-zen.io/q=true');
    await story.untilPhase('Succeeded');
    expect(await story.states()).toMatchObject({ stuck: 'Skipped Bypassed', b: 'Succeeded' });
  });
});
