/** Flows on the embedded API server, with the small Job controller. */

import { describe, expect, it } from 'vitest';
import type { RequestInfo } from '../../../apiserver/requestFaults.ts';
import { jobName, recordName } from '../../../lib/flow/state/names.ts';
import { aManualStep, aStep } from '../../support/objects/aFlow.ts';
import { aFlowCluster, FLOW } from '../../support/programs/aFlowCluster.ts';

const approved = (step: string) => `approved.workflow.kube-zen.io/${step}`;

describe('a flow', () => {
  it('runs its steps in their order, and says so in its status and its Events', async () => {
    const cluster = await aFlowCluster();
    cluster.startBridge();
    cluster.apply({ steps: [aStep('c', ['a', 'b']), aStep('b', 'a'), aStep('a')], finally: [aStep('z')] });
    await cluster.untilPhase('Succeeded');
    expect(cluster.made).toEqual(['a/1', 'b/1', 'c/1', 'z/1']);
    expect(cluster.objects.read(FLOW)).toMatchObject({
      status: {
        summary: '4/4',
        progress: { completedSteps: 4, totalSteps: 4, successfulSteps: 4, failedSteps: 0 },
        observedGeneration: 1,
        conditions: expect.arrayContaining([expect.objectContaining({ type: 'Complete', status: 'True' })]),
      },
    });
    await expect
      .poll(cluster.events)
      .toEqual(expect.arrayContaining(['JobFlowSucceeded', 'StepCreated', 'StepSucceeded']));
  });

  it('tries a step again as a Job of another name, and fails where no attempt is left', async () => {
    const cluster = await aFlowCluster({ a: ['fail', 'ok'], b: ['fail'] });
    cluster.startBridge();
    const retryPolicy = { limit: 1, backoff: { duration: '20ms' } };
    cluster.apply({ steps: [aStep('a', [], { retryPolicy }), aStep('b', 'a', { retryPolicy }), aStep('c', 'b')] });
    await cluster.untilPhase('Failed');
    expect(cluster.made).toEqual(['a/1', 'a/2', 'b/1', 'b/2']);
    expect(cluster.states()).toMatchObject({
      flow: 'Failed StepFailed',
      b: 'Failed JobFailed',
      c: 'Skipped UpstreamFailed',
    });
    await expect.poll(cluster.events).toEqual(expect.arrayContaining(['JobFlowFailed', 'StepFailed', 'StepRetry']));
  });

  it('reads an exit code where a condition asks for it', async () => {
    const cluster = await aFlowCluster({ a: ['fail:3', 'fail:4'] });
    cluster.startBridge();
    const retryPolicy = { limit: 5, backoff: { duration: '20ms' }, when: 'exitCode == 3' };
    cluster.apply({ steps: [aStep('a', [], { retryPolicy })] });
    await cluster.untilPhase('Failed');
    expect(cluster.made).toEqual(['a/1', 'a/2']);
    expect(cluster.record()).toMatchObject({ steps: [{ exitCode: 4 }] });
  });

  it('skips a step whose condition is false, and fails a step at its time-out', async () => {
    const cluster = await aFlowCluster({ slow: ['timeout'] });
    cluster.startBridge();
    cluster.apply({
      steps: [
        aStep('a'),
        aStep('b', 'a', { when: "steps.a.phase == 'Failed'" }),
        aStep('slow', 'b', { timeoutSeconds: 1, continueOnFailure: true }),
      ],
    });
    await cluster.untilPhase('Succeeded');
    expect(cluster.states()).toMatchObject({ b: 'Skipped WhenFalse', slow: 'Failed Timeout' });
  });

  it('waits for an approval, and says who gave it', async () => {
    const cluster = await aFlowCluster();
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a'), aManualStep('q', ['a'], { message: 'go on?' }), aStep('b', 'q')] });
    await cluster.untilPhase('Paused');
    expect(cluster.objects.read(FLOW)).toMatchObject({ status: { waiting: 'approval of q' } });
    cluster.annotate({ [approved('q')]: 'true', 'approved-by.workflow.kube-zen.io/q': 'jane' });
    await cluster.untilPhase('Succeeded');
    expect(cluster.status()?.steps.find(({ name }) => name === 'q')).toMatchObject({ by: 'jane', reason: 'Approved' });
  });

  it('starts nothing while suspended, and deletes what runs when it is terminated', async () => {
    const cluster = await aFlowCluster({}, 3_600_000);
    cluster.startBridge();
    cluster.apply({ suspend: true, steps: [aStep('a')] });
    await cluster.untilPhase('Suspended');
    expect(cluster.made).toEqual([]);
    cluster.objects.patch(FLOW, { spec: { suspend: false } });
    await expect.poll(() => cluster.made).toEqual(['a/1']);
    cluster.objects.patch(FLOW, { spec: { shutdown: 'Terminate' } });
    await cluster.untilPhase('Failed');
    await expect.poll(() => cluster.objects.list('jobs')).toEqual([]);
    expect(cluster.states()).toMatchObject({ flow: 'Failed Terminated' });
  });

  it('takes its record, Jobs and pods along when it is deleted', async () => {
    const cluster = await aFlowCluster({}, 3_600_000);
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a')] });
    await expect.poll(() => cluster.objects.list('pods').length).toBe(1);
    cluster.objects.delete(FLOW);
    await expect
      .poll(() => ['jobflowrecords', 'jobs', 'pods'].flatMap((kind) => cluster.objects.list(kind)))
      .toEqual([]);
    expect(cluster.made).toEqual(['a/1']);
  });

  it('goes when its time to live is over', async () => {
    const cluster = await aFlowCluster();
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a')], executionPolicy: { ttlSecondsAfterFinished: 1 } });
    await expect.poll(() => cluster.made).toEqual(['a/1']);
    await expect.poll(() => cluster.objects.list('jobflows')).toEqual([]);
  });
});

describe('what is wrong', () => {
  it('a flow with a circle fails before anything starts, and its status names the circle', async () => {
    const cluster = await aFlowCluster();
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a', 'b'), aStep('b', 'a')] });
    await cluster.untilPhase('Failed');
    const message = expect.stringContaining('dependencies go in a circle: a -> b -> a');
    expect(cluster.objects.read(FLOW)).toMatchObject({
      status: {
        reason: 'DAGCycle',
        completionTime: expect.any(String),
        conditions: expect.arrayContaining([
          ...['Valid', 'Ready'].map((type) => expect.objectContaining({ type, status: 'False', message })),
          expect.objectContaining({ type: 'Failed', status: 'True', message }),
        ]),
      },
    });
    await expect.poll(() => cluster.events()).toEqual(['JobFlowFailed']);
    expect(cluster.objects.list('jobflowrecords')).toEqual([]);
  });

  it('a Job that the API server refuses ends its step, and no other', async () => {
    const cluster = await aFlowCluster();
    cluster.startBridge();
    const refused = {
      spec: {
        backoffLimit: -1,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'm', image: 'i:1' }] } },
      },
    };
    cluster.apply({ steps: [{ name: 'bad', template: refused, continueOnFailure: true }, aStep('good')] });
    await cluster.untilPhase('Succeeded');
    expect(cluster.states()).toMatchObject({ bad: 'Failed InvalidTemplate', good: 'Succeeded' });
  });

  it('a Job of another owner under the name of ours stays as it is, and the step fails', async () => {
    const cluster = await aFlowCluster();
    cluster.apply({ steps: [aStep('a')] });
    const uid = cluster.objects.read(FLOW)?.metadata.uid ?? '';
    const name = jobName({ name: 'nightly', uid }, 'a', 1);
    const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'm', image: 'i:1' }] } } };
    const foreign = cluster.objects.create({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec });
    cluster.startBridge();
    await cluster.untilPhase('Failed');
    expect(cluster.states()).toMatchObject({ a: 'Failed InvalidTemplate' });
    const left = cluster.objects.read({ resource: 'jobs', namespace: 'default', name });
    expect(left?.metadata).toMatchObject({ uid: foreign.metadata.uid });
  });

  it('a changed step starts nothing more until it is changed back', async () => {
    const cluster = await aFlowCluster();
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a'), aManualStep('q', ['a']), aStep('b', 'q')] });
    await cluster.untilPhase('Paused');
    const before = cluster.objects.read(FLOW)?.['spec'];
    cluster.objects.patch(FLOW, { spec: { parameters: { x: '1' } } });
    await expect
      .poll(() => cluster.status()?.conditions)
      .toContainEqual(expect.objectContaining({ type: 'SpecChanged', status: 'True' }));
    cluster.annotate({ [approved('q')]: 'true' });
    cluster.objects.patch(FLOW, { spec: { ...Object(before), parameters: null } });
    await cluster.untilPhase('Succeeded');
    expect(cluster.made).toEqual(['a/1', 'b/1']);
  });

  it('a record that is deleted is built again, and nothing runs twice (Z14)', async () => {
    const cluster = await aFlowCluster({}, 200);
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a'), aManualStep('q', ['a']), aStep('b', 'q')] });
    await cluster.untilPhase('Paused');
    const uid = cluster.objects.read(FLOW)?.metadata.uid ?? '';
    const name = recordName({ name: 'nightly', uid });
    cluster.objects.delete({ resource: 'jobflowrecords', namespace: 'default', name });
    await expect
      .poll(() => cluster.record()?.steps.map(({ phase }) => phase))
      .toEqual(['Succeeded', 'Pending', 'PendingApproval']);
    cluster.annotate({ [approved('q')]: 'true' });
    await cluster.untilPhase('Succeeded');
    expect(cluster.made).toEqual(['a/1', 'b/1']);
  });

  it('a Job that a quota refuses for now is made later, under the same name, and an Event says why', async () => {
    const cluster = await aFlowCluster();
    const fault = { kind: 'status', code: 403 } as const;
    const refusal = cluster.server.faults.add({
      fault,
      matches: ({ verb, resource }) => verb === 'create' && resource === 'jobs',
    });
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a')] });
    await cluster.untilPhase('Running');
    await expect.poll(cluster.events).toContain('JobNotCreated');
    await expect.poll(() => cluster.status()?.steps[0]).toMatchObject({ phase: 'Running', reason: 'Quota' });
    expect(cluster.made).toEqual([]);
    refusal.remove();
    await cluster.untilPhase('Succeeded');
    expect(cluster.status()?.steps[0]).toMatchObject({ phase: 'Succeeded', reason: null });
    expect(cluster.made).toEqual(['a/1']);
  });

  it('conflicts and lost answers of the API server double nothing', async () => {
    const cluster = await aFlowCluster();
    const rules = [
      { every: 5, fault: { kind: 'lostAnswer' } },
      { every: 7, fault: { kind: 'status', code: 409 } },
      { every: 11, fault: { kind: 'reset' } },
    ] as const;
    for (const { every, fault } of rules) {
      let count = 0;
      const matches = ({ verb }: RequestInfo) => {
        if (verb === 'create' || verb === 'patch') count += 1;
        return count % every === 0 && (verb === 'create' || verb === 'patch');
      };
      cluster.server.faults.add({ fault, matches });
    }
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a'), aStep('b', 'a'), aStep('c', 'a'), aStep('d', ['b', 'c'])] });
    await cluster.untilPhase('Succeeded');
    expect([...cluster.made].sort()).toEqual(['a/1', 'b/1', 'c/1', 'd/1']);
  });
});
