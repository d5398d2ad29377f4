import { describe, expect, it } from 'vitest';
import { aFlowWorld, aManualStep, aSpec, aStep, JOB_MS, runToEnd } from '../../support/objects/aFlow.ts';

const HOUR_MS = 3_600_000;
const retry = (step: string, attempts: number) => ({ [`attempts.workflow.kube-zen.io/${step}`]: String(attempts) });
const skip = (step: string) => ({ [`skip.workflow.kube-zen.io/${step}`]: 'true' });

describe('a request to skip', () => {
  const spec = { steps: [aStep('a'), aStep('b', 'a'), aStep('c', 'b')] };

  it('lets a flow that has failed go on without the step that failed', () => {
    const world = aFlowWorld(spec, { a: ['fail'] });
    const last = runToEnd(world);
    world.cluster.annotate(skip('a'));
    const done = runToEnd(world, last + 60_000);
    expect(world.states()).toEqual({ a: 'Skipped Bypassed 2', b: 'Succeeded', c: 'Succeeded' });
    expect(world.at(done)).toMatchObject({ kind: 'finished', phase: 'Succeeded', record: null });
    expect(world.jobs(done)).toEqual(['a/1', 'b/1', 'c/1']);
  });

  it('lets it go on without a step that was skipped for the failure', () => {
    const parallel = { steps: [aStep('a'), aStep('b', 'a'), aStep('c', 'b')] };
    const world = aFlowWorld(parallel, { a: ['fail'] });
    const last = runToEnd(world);
    world.cluster.annotate(skip('b'));
    runToEnd(world, last);
    expect(world.states()).toMatchObject({ a: 'Failed JobFailed', b: 'Skipped Bypassed 2', c: 'Succeeded' });
  });

  it('goes without a rejected question', () => {
    const world = aFlowWorld({ steps: [aManualStep('ask'), aStep('b', 'ask')] });
    world.cluster.annotate({ 'approved.workflow.kube-zen.io/ask': 'false' });
    const last = runToEnd(world);
    expect(world.states()).toMatchObject({ ask: 'Failed Rejected' });
    world.cluster.annotate(skip('ask'));
    runToEnd(world, last);
    expect(world.states()).toEqual({ ask: 'Skipped Bypassed 2', b: 'Succeeded' });
  });

  it('goes without a failed step of finally', () => {
    const world = aFlowWorld({ steps: [aStep('a')], finally: [aStep('f'), aStep('g', 'f')] }, { f: ['fail'] });
    const last = runToEnd(world);
    world.cluster.annotate(skip('f'));
    runToEnd(world, last + 2 * HOUR_MS);
    expect(world.states()).toEqual({ a: 'Succeeded', f: 'Skipped Bypassed 2', g: 'Succeeded' });
  });

  it('is kept at once by what waits when another step fails, which stops the flow all the same', () => {
    const world = aFlowWorld({ steps: [...spec.steps, aStep('x')] }, { a: ['fail'], x: ['fail'] });
    world.cluster.annotate(skip('b'));
    world.at(0);
    world.at(JOB_MS);
    const last = runToEnd(world, JOB_MS);
    expect(world.states()).toEqual({
      a: 'Failed JobFailed',
      b: 'Skipped Bypassed',
      c: 'Skipped Stopped',
      x: 'Failed JobFailed',
    });
    expect(world.at(last)).toMatchObject({ phase: 'Failed', record: null });
    world.cluster.annotate(skip('a'));
    runToEnd(world, last);
    expect(world.states()).toMatchObject({ a: 'Skipped Bypassed 2', b: 'Skipped Bypassed', c: 'Succeeded' });
  });

  it('is kept at once by what runs when another step fails, and is cancelled for that', () => {
    const world = aFlowWorld(
      {
        steps: [aStep('a'), aStep('b', [], { timeoutSeconds: 5 }), aStep('c', 'a')],
        executionPolicy: { onFailure: 'Cancel' },
      },
      {},
      100 * JOB_MS,
    );
    world.at(0);
    world.cluster.annotate(skip('a'));
    const last = runToEnd(world, 5_000);
    expect(world.states()).toEqual({ a: 'Skipped Bypassed', b: 'Failed Timeout', c: 'Skipped Stopped' });
    expect(world.at(last)).toMatchObject({ phase: 'Failed', record: null });
    expect(world.jobs(last)).not.toContain('a/1');
  });

  it('is kept by a step of finally whose time is over', () => {
    const world = aFlowWorld(
      { steps: [aStep('a')], finally: [aStep('f')], executionPolicy: { finallyDeadlineSeconds: 5 } },
      {},
      JOB_MS,
    );
    world.at(0);
    world.at(JOB_MS);
    world.cluster.annotate(skip('f'));
    const last = runToEnd(world, JOB_MS + 5_000);
    expect(world.states()).toEqual({ a: 'Succeeded', f: 'Skipped Bypassed' });
    expect(world.at(last)).toMatchObject({ phase: 'Succeeded', record: null });
  });

  it('is for nothing where the flow was shut down', () => {
    const world = aFlowWorld(spec, { a: ['fail'] });
    runToEnd(world);
    world.cluster.annotate(skip('a'));
    world.cluster.changeSpec(aSpec({ ...spec, shutdown: 'Stop' }));
    world.at(HOUR_MS);
    expect(world.states()).toMatchObject({ a: 'Failed JobFailed', b: 'Skipped UpstreamFailed' });
  });
});

describe('a request for more attempts', () => {
  it('is taken up by a flow that its deadline has ended, which has its whole time again', () => {
    const spec = { steps: [aStep('a'), aStep('b', 'a')], executionPolicy: { activeDeadlineSeconds: 15 } };
    const world = aFlowWorld(spec);
    const last = runToEnd(world);
    expect(world.states()).toEqual({ a: 'Succeeded', b: 'Failed ActiveDeadlineExceeded' });
    world.cluster.annotate(retry('b', 2));
    const done = runToEnd(world, last + HOUR_MS);
    expect(world.states()).toEqual({ a: 'Succeeded', b: 'Succeeded 2' });
    expect(world.at(done)).toMatchObject({ phase: 'Succeeded', reason: null });
  });

  it('waits for the end of a flow whose deadline is over', () => {
    const policy = { executionPolicy: { activeDeadlineSeconds: 5 } };
    const world = aFlowWorld({ steps: [aStep('a')], finally: [aStep('clean')], ...policy });
    world.at(0);
    world.cluster.annotate(retry('a', 2));
    world.at(5_000);
    expect(world.states()).toEqual({ a: 'Failed ActiveDeadlineExceeded', clean: 'Running' });
  });

  it('counts the time after it alone against the deadline, of a flow that ended while suspended', () => {
    const spec = { steps: [aStep('a')], executionPolicy: { activeDeadlineSeconds: 60 } };
    const world = aFlowWorld(spec, { a: ['fail', 'ok'] }, 100 * JOB_MS);
    world.at(0);
    world.cluster.changeSpec(aSpec({ ...spec, suspend: true }));
    world.at(1_000);
    world.at(100 * JOB_MS);
    expect(world.states()).toEqual({ a: 'Failed JobFailed' });
    world.cluster.annotate(retry('a', 2));
    world.at(HOUR_MS);
    world.cluster.changeSpec(aSpec(spec));
    expect(world.at(HOUR_MS + 5_000)).toMatchObject({ phase: 'Running', nextReconcileAt: HOUR_MS + 35_000 });
    world.at(HOUR_MS + 60_000);
    world.at(HOUR_MS + 65_000);
    expect(world.states()).toEqual({ a: 'Failed ActiveDeadlineExceeded 2' });
  });

  it('may follow as many as a retryPolicy can have', () => {
    const failing = aStep('a', [], { retryPolicy: { limit: 100, backoff: { type: 'Fixed', duration: '1s' } } });
    const world = aFlowWorld({ steps: [failing], executionPolicy: { backoffLimit: 200 } }, { a: ['fail'] });
    const last = runToEnd(world);
    expect(world.states()).toEqual({ a: 'Failed JobFailed 101' });
    world.cluster.annotate(retry('a', 102));
    world.at(last);
    expect(world.states()).toEqual({ a: 'Running 102' });
  });
});
