import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/flow/engine/advance.ts';
import { RECORD_UID_MS } from '../../../lib/flow/engine/endAttempts.ts';
import { KEEP_ENDED_MS } from '../../../lib/flow/engine/spareJobs.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { noFacts } from '../../../lib/flow/state/facts.ts';
import { jobName, recordName } from '../../../lib/flow/state/names.ts';
import { toWrites } from '../../../lib/flow/writes/toWrites.ts';
import { aFlowWorld, aManualStep, aSpec, aStep, JOB_MS, type Outcomes, runToEnd } from '../../support/objects/aFlow.ts';

const abc = [aStep('a'), aStep('b', 'a'), aStep('c', 'b')];
const end = JOB_MS;
const approve = (step: string, value = 'true') => ({ [`approved.workflow.kube-zen.io/${step}`]: value });
const retry = (step: string, attempts: number) => ({ [`attempts.workflow.kube-zen.io/${step}`]: String(attempts) });
const skip = (step: string) => ({ [`skip.workflow.kube-zen.io/${step}`]: 'true' });

describe('a flow', () => {
  it('makes its record empty, then fills it, then starts', () => {
    const world = aFlowWorld({ steps: abc });
    const first = advance(world.cluster.snapshot(0), 0);
    expect(first).toMatchObject({ kind: 'advanced', createsRecord: true, record: null, starts: [] });
    expect(world.at(0)).toMatchObject({ phase: 'Running', createsRecord: false });
    expect(world.cluster.record()).toMatchObject({ v: 1, rev: 1, startedAt: 0 });
    expect(world.states()).toEqual({ a: 'Running', b: 'Pending Dependencies', c: 'Pending Dependencies' });
    expect(world.jobs(0)).toEqual(['a/1']);
  });

  it('runs one step after the other to its end', () => {
    const world = aFlowWorld({ steps: abc });
    expect(runToEnd(world)).toBe(3 * end);
    expect(world.states()).toEqual({ a: 'Succeeded', b: 'Succeeded', c: 'Succeeded' });
    expect(world.at(3 * end)).toMatchObject({ kind: 'finished', phase: 'Succeeded', reason: null, record: null });
    expect(world.jobs(3 * end)).toEqual(['a/1', 'b/1', 'c/1']);
  });

  it('does not start while it is wrong, and says why', () => {
    const world = aFlowWorld({ steps: [aStep('a', 'b'), aStep('b', 'a')] });
    expect(world.at(0)).toMatchObject({ kind: 'refused', phase: 'Failed', reason: 'DAGCycle', createsRecord: false });
    const unknown = aFlowWorld({ steps: [aStep('a', 'x')] });
    expect(unknown.at(0)).toMatchObject({
      reason: 'ValidationFailed',
      problems: [{ path: 'spec.steps[0].dependencies[0]', message: '"x": there is no such step' }],
    });
    expect(unknown.cluster.record()).toBeNull();
  });

  it('starts nothing when its record cannot be read (Z14)', () => {
    const snapshot = aFlowWorld({ steps: abc }).cluster.snapshot(0);
    const unreadable = { ...snapshot, record: { uid: 'r', resourceVersion: '1', record: 'unreadable' as const } };
    expect(advance(unreadable, 0)).toMatchObject({ kind: 'refused', reason: 'RecordUnreadable', starts: [] });
  });

  it('decides nothing about a flow that is gone or going', () => {
    const snapshot = aFlowWorld({ steps: abc }).cluster.snapshot(0);
    if (snapshot.flow === null) throw new Error('no flow');
    expect(advance({ ...snapshot, flow: null }, 0)).toMatchObject({ kind: 'kept', createsRecord: false });
    const going = { ...snapshot, flow: { ...snapshot.flow, terminating: true } };
    expect(advance(going, 0)).toMatchObject({ kind: 'kept', createsRecord: false });
  });

  it('starts nothing more once its steps were changed, until they are changed back', () => {
    const world = aFlowWorld({ steps: abc });
    world.at(0);
    world.cluster.changeSpec(aSpec({ steps: [...abc, aStep('d')] }));
    expect(world.at(end)).toMatchObject({ kind: 'refused', reason: 'SpecChanged', starts: [], record: null });
    // Neither the order of the list nor what is not frozen counts.
    world.cluster.changeSpec(
      aSpec({ steps: [...abc].reverse(), parallelism: 7, executionPolicy: { backoffLimit: 1 } }),
    );
    expect(world.at(end)).toMatchObject({ phase: 'Running' });
    expect(world.states()).toMatchObject({ a: 'Succeeded', b: 'Running' });
  });

  it('is deleted when its time to live is over', () => {
    const world = aFlowWorld({ steps: [aStep('a')], executionPolicy: { ttlSecondsAfterFinished: 60 } });
    world.at(0);
    expect(world.at(end)).toMatchObject({ deletesFlow: false, nextReconcileAt: end + 60_000 });
    expect(world.at(end + 60_000)).toMatchObject({ deletesFlow: true });
    expect(world.cluster.isDeleted()).toBe(true);
  });
});

interface Row {
  readonly story: string;
  readonly spec: JsonObject;
  readonly outcomes?: Outcomes;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly states: Readonly<Record<string, string>>;
  readonly phase: string;
  readonly reason?: string | null;
}

const retried = { retryPolicy: { limit: 2, backoff: { duration: '5s' } } };

const rows: readonly Row[] = [
  {
    story: 'skips what follows a failed step, and what is left',
    spec: { steps: [aStep('a'), aStep('b', 'a'), aStep('x'), aStep('y', 'x')], parallelism: 1 },
    outcomes: { a: ['fail'] },
    states: { a: 'Failed JobFailed', b: 'Skipped UpstreamFailed', x: 'Skipped Stopped', y: 'Skipped Stopped' },
    phase: 'Failed',
    reason: 'StepFailed',
  },
  {
    story: 'lets running steps end after a failure, and starts nothing behind them',
    spec: { steps: [aStep('a', [], { timeoutSeconds: 1 }), aStep('x'), aStep('y', 'x')] },
    outcomes: { a: ['timeout'] },
    states: { a: 'Failed Timeout', x: 'Succeeded', y: 'Skipped Stopped' },
    phase: 'Failed',
    reason: 'StepFailed',
  },
  {
    story: 'ends running steps after a failure, where the policy says Cancel',
    spec: { steps: [aStep('a', [], { timeoutSeconds: 1 }), aStep('x')], executionPolicy: { onFailure: 'Cancel' } },
    outcomes: { a: ['timeout'] },
    states: { a: 'Failed Timeout', x: 'Failed Cancelled' },
    phase: 'Failed',
    reason: 'StepFailed',
  },
  {
    story: 'succeeds although a step failed that may',
    spec: { steps: [aStep('a', [], { continueOnFailure: true }), aStep('b', 'a')] },
    outcomes: { a: ['fail'] },
    states: { a: 'Failed JobFailed', b: 'Succeeded' },
    phase: 'Succeeded',
    reason: null,
  },
  {
    story: 'retries a failed step until it succeeds',
    spec: { steps: [aStep('a', [], retried), aStep('b', 'a')] },
    outcomes: { a: ['fail', 'fail', 'ok'] },
    states: { a: 'Succeeded 3', b: 'Succeeded' },
    phase: 'Succeeded',
  },
  {
    story: 'fails a step whose retries are used up',
    spec: { steps: [aStep('a', [], retried)] },
    outcomes: { a: ['fail'] },
    states: { a: 'Failed JobFailed 3' },
    phase: 'Failed',
    reason: 'StepFailed',
  },
  {
    story: 'fails when the retries of all steps together are used up',
    spec: { steps: [aStep('a', [], retried), aStep('b', [], retried)], executionPolicy: { backoffLimit: 1 } },
    outcomes: { a: ['fail'], b: ['fail'] },
    // The first by name had the one retry, which never ran: the second one failed as well.
    states: { a: 'Failed JobFailed', b: 'Failed JobFailed' },
    phase: 'Failed',
    reason: 'BackoffLimitExceeded',
  },
  {
    story: 'retries only what the condition names',
    spec: { steps: [aStep('a', [], { retryPolicy: { when: 'exitCode == 75' } })] },
    outcomes: { a: ['fail:75', 'fail:2'] },
    states: { a: 'Failed JobFailed 2' },
    phase: 'Failed',
  },
  {
    story: 'does not retry where the condition cannot be evaluated',
    spec: { steps: [aStep('a', [], { retryPolicy: { when: '1 / (attempt - 1) > 0' } })] },
    outcomes: { a: ['fail'] },
    states: { a: 'Failed JobFailed' },
    phase: 'Failed',
  },
  {
    story: 'skips a step whose condition is false, and goes on behind it',
    spec: {
      parameters: { mode: 'dry' },
      steps: [
        aStep('a', [], { when: "params.mode == 'real'" }),
        aStep('b', 'a', { when: "steps.a.phase == 'Skipped'" }),
      ],
    },
    states: { a: 'Skipped WhenFalse', b: 'Succeeded' },
    phase: 'Succeeded',
  },
  {
    story: 'fails a step whose condition cannot be evaluated',
    spec: { steps: [aStep('a'), aStep('b', 'a', { when: '1 / steps.a.exitCode == 1' }), aStep('c', 'b')] },
    states: { a: 'Succeeded', b: 'Failed WhenError', c: 'Skipped UpstreamFailed' },
    phase: 'Failed',
    reason: 'StepFailed',
  },
  {
    story: 'starts nothing that was ready when another condition fails',
    spec: { steps: [aStep('a'), aStep('z', 'a', { when: '1 / steps.a.exitCode == 1' }), aStep('b', 'a')] },
    states: { a: 'Succeeded', b: 'Skipped Stopped', z: 'Failed WhenError' },
    phase: 'Failed',
  },
  {
    story: 'goes on after an approval',
    spec: { steps: [aManualStep('ask'), aStep('a', 'ask')] },
    annotations: { ...approve('ask'), 'approved-by.workflow.kube-zen.io/ask': 'jane' },
    states: { ask: 'Succeeded Approved', a: 'Succeeded' },
    phase: 'Succeeded',
  },
  {
    story: 'fails after a rejection',
    spec: { steps: [aManualStep('ask'), aStep('a', 'ask')] },
    annotations: approve('ask', 'false'),
    states: { ask: 'Failed Rejected', a: 'Skipped UpstreamFailed' },
    phase: 'Failed',
    reason: 'Rejected',
  },
  {
    story: 'waits for an approval that is neither true nor false',
    spec: { steps: [aManualStep('ask'), aStep('a', 'ask')] },
    annotations: approve('ask', 'yes'),
    states: { ask: 'PendingApproval', a: 'Pending Dependencies' },
    phase: 'Paused',
  },
  {
    story: 'rejects when no person answers in time',
    spec: { steps: [aManualStep('ask', [], { approval: { timeoutSeconds: 60 } })] },
    states: { ask: 'Failed ApprovalTimeout' },
    phase: 'Failed',
    reason: 'Rejected',
  },
  {
    story: 'approves when no person answers in time, where it says so',
    spec: {
      steps: [aManualStep('ask', [], { approval: { timeoutSeconds: 60, onTimeout: 'Approve' } }), aStep('a', 'ask')],
    },
    states: { ask: 'Succeeded ApprovalTimeout', a: 'Succeeded' },
    phase: 'Succeeded',
  },
  {
    story: 'skips when no person answers in time, where it says so',
    spec: {
      steps: [aManualStep('ask', [], { approval: { timeoutSeconds: 60, onTimeout: 'Skip' } }), aStep('a', 'ask')],
    },
    states: { ask: 'Skipped Bypassed', a: 'Succeeded' },
    phase: 'Succeeded',
  },
  {
    story: 'bypasses a step that a person asks to skip',
    spec: { steps: [aStep('a'), aStep('b', 'a'), aStep('c', 'b')] },
    annotations: skip('b'),
    states: { a: 'Succeeded', b: 'Skipped Bypassed', c: 'Succeeded' },
    phase: 'Succeeded',
  },
  {
    story: 'bypasses a question',
    spec: { steps: [aManualStep('ask'), aStep('a', 'ask')] },
    annotations: skip('ask'),
    states: { ask: 'Skipped Bypassed', a: 'Succeeded' },
    phase: 'Succeeded',
  },
  {
    story: 'fails at its deadline, and ends what runs',
    spec: { steps: abc, executionPolicy: { activeDeadlineSeconds: 15 } },
    states: { a: 'Succeeded', b: 'Failed ActiveDeadlineExceeded', c: 'Skipped UpstreamFailed' },
    phase: 'Failed',
    reason: 'ActiveDeadlineExceeded',
  },
  {
    story: 'runs finally after success',
    spec: { steps: [aStep('a')], finally: [aStep('clean', [], { when: "steps.a.phase == 'Succeeded'" })] },
    states: { a: 'Succeeded', clean: 'Succeeded' },
    phase: 'Succeeded',
  },
  {
    story: 'runs finally after a failure, with its own retries, dependencies and conditions',
    spec: {
      steps: [aStep('a')],
      finally: [
        aStep('clean', [], retried),
        aStep('report', 'clean'),
        aStep('alarm', [], { when: "steps.a.phase != 'Succeeded'" }),
        aStep('praise', [], { when: "steps.a.phase == 'Succeeded'" }),
      ],
    },
    outcomes: { a: ['fail'], clean: ['fail', 'ok'] },
    states: {
      a: 'Failed JobFailed',
      clean: 'Succeeded 2',
      report: 'Succeeded',
      alarm: 'Succeeded',
      praise: 'Skipped WhenFalse',
    },
    phase: 'Failed',
    reason: 'StepFailed',
  },
  {
    story: 'fails where only finally fails',
    spec: { steps: [aStep('a')], finally: [aStep('clean'), aStep('report', 'clean'), aStep('alarm')] },
    outcomes: { clean: ['fail'] },
    states: { a: 'Succeeded', clean: 'Failed JobFailed', report: 'Skipped UpstreamFailed', alarm: 'Succeeded' },
    phase: 'Failed',
    reason: 'StepFailed',
  },
  {
    story: 'ends finally at the deadline of finally, and not at that of the flow',
    spec: {
      steps: [aStep('a')],
      finally: [aStep('clean'), aStep('report', 'clean')],
      executionPolicy: { activeDeadlineSeconds: 12, finallyDeadlineSeconds: 15 },
    },
    states: { a: 'Succeeded', clean: 'Succeeded', report: 'Failed FinallyDeadlineExceeded' },
    phase: 'Failed',
    reason: 'StepFailed',
  },
];

describe('to its end, a flow', () => {
  it.each(rows)('$story', ({ spec, outcomes, annotations, states, phase, reason }) => {
    const world = aFlowWorld(spec, outcomes);
    world.cluster.annotate(annotations ?? {});
    const last = runToEnd(world);
    expect(world.states()).toEqual(states);
    expect(world.at(last)).toMatchObject({ phase, ...(reason !== undefined && { reason }) });
  });

  it.each(rows)('gives the same with its steps in another order: $story', ({ spec, outcomes, annotations, states }) => {
    const { steps, finally: final = [] } = spec as { readonly steps: JsonObject[]; readonly finally?: JsonObject[] };
    const world = aFlowWorld({ ...spec, steps: [...steps].reverse(), finally: [...final].reverse() }, outcomes);
    world.cluster.annotate(annotations ?? {});
    runToEnd(world);
    expect(world.states()).toEqual(states);
  });
});

describe('a retry', () => {
  it('begins when its backoff is over, as a Job of another name', () => {
    const world = aFlowWorld({ steps: [aStep('a', [], retried)] }, { a: ['fail'] });
    world.at(0);
    expect(world.at(end)).toMatchObject({ nextReconcileAt: end + 5_000, starts: [] });
    expect(world.states()).toEqual({ a: 'Pending Backoff 2' });
    world.at(end + 5_000);
    expect(world.jobs(end + 5_000)).toEqual(['a/1', 'a/2']);
    expect(world.at(2 * end + 5_000)).toMatchObject({ nextReconcileAt: 2 * end + 15_000 });
  });

  it('is asked for by number, and leads on behind the step', () => {
    const world = aFlowWorld({ steps: [...abc, aStep('x', 'a')] }, { b: ['fail', 'ok'] });
    const failedAt = runToEnd(world);
    expect(world.states()).toMatchObject({ b: 'Failed JobFailed', c: 'Skipped UpstreamFailed' });
    world.cluster.annotate(retry('b', 2));
    const endedAt = runToEnd(world, failedAt + 60_000);
    expect(world.states()).toEqual({ a: 'Succeeded', b: 'Succeeded 2', c: 'Succeeded', x: 'Succeeded' });
    expect(world.at(endedAt)).toMatchObject({ kind: 'finished', phase: 'Succeeded' });
    expect(world.at(endedAt + 1)).toMatchObject({ record: null });
  });

  it('runs what was skipped because its flow had stopped', () => {
    const world = aFlowWorld(
      { steps: [aStep('a'), aStep('x'), aStep('y', 'x')], parallelism: 1 },
      { a: ['fail', 'ok'] },
    );
    const failedAt = runToEnd(world);
    expect(world.states()).toMatchObject({ x: 'Skipped Stopped', y: 'Skipped Stopped' });
    world.cluster.annotate(retry('a', 2));
    runToEnd(world, failedAt);
    expect(world.states()).toEqual({ a: 'Succeeded 2', x: 'Succeeded', y: 'Succeeded' });
  });

  it('asks a question again as another attempt, where the stop has ended it', () => {
    const steps = [aStep('a'), aManualStep('q'), aStep('c')];
    const world = aFlowWorld({ steps }, { a: ['fail', 'ok'] });
    world.at(0);
    world.at(JOB_MS);
    expect(world.states()).toMatchObject({ q: 'Skipped Stopped' });
    world.cluster.annotate({ 'attempts.workflow.kube-zen.io/a': '2' });
    world.at(JOB_MS);
    expect(world.states()).toMatchObject({ a: 'Running 2', q: 'PendingApproval 2' });
  });

  it('of one failed step does not wait for the others', () => {
    const world = aFlowWorld({ steps: [aStep('a'), aStep('b')] }, { a: ['fail', 'ok'], b: ['fail'] });
    const failedAt = runToEnd(world);
    world.cluster.annotate(retry('a', 2));
    const endedAt = runToEnd(world, failedAt);
    expect(world.states()).toEqual({ a: 'Succeeded 2', b: 'Failed JobFailed' });
    expect(world.at(endedAt)).toMatchObject({ phase: 'Failed', reason: 'StepFailed' });
  });

  it('is not taken up after a shutdown', () => {
    const world = aFlowWorld({ steps: abc, shutdown: 'Stop' });
    const stoppedAt = runToEnd(world);
    world.cluster.annotate(retry('a', 5));
    expect(world.at(stoppedAt + 1)).toMatchObject({ kind: 'finished', reason: 'Stopped', changes: [] });
    world.cluster.changeSpec(aSpec({ steps: abc }));
    expect(world.at(stoppedAt + 2)).toMatchObject({ kind: 'finished', reason: 'Stopped', changes: [] });
  });
});

describe('parallelism', () => {
  it('bounds what runs, and the rest follows by depth and name', () => {
    const steps = [aStep('d'), aStep('c'), aStep('b', 'd'), aStep('a')];
    const world = aFlowWorld({ steps, parallelism: 2 });
    world.at(0);
    expect(world.states()).toEqual({ a: 'Running', c: 'Running', d: 'Pending Parallelism', b: 'Pending Dependencies' });
    world.at(end);
    expect(world.states()).toMatchObject({ d: 'Running' });
  });

  it('starts at most fifty at once, and goes on without waiting', () => {
    const steps = Array.from({ length: 120 }, (_, index) => aStep(`s${index}`));
    const world = aFlowWorld({ steps, parallelism: 110 });
    expect(world.at(0)).toMatchObject({ kind: 'kept', nextReconcileAt: RECORD_UID_MS });
    expect(world.jobs(0)).toHaveLength(110);
    const starts = world.changes.filter(({ to }) => to === 'Running').length;
    expect(starts).toBe(110);
  });
});

describe('a suspended flow', () => {
  const steps = [aStep('a'), aStep('b', 'a'), aManualStep('ask')];
  const policy = { activeDeadlineSeconds: 60 };

  it('starts nothing and asks nothing, and goes on when it is resumed', () => {
    const world = aFlowWorld({ steps, suspend: true });
    expect(world.at(0)).toMatchObject({ phase: 'Suspended', starts: [], nextReconcileAt: null });
    expect(world.states()).toEqual({ a: 'Pending Suspended', b: 'Pending Dependencies', ask: 'Pending Suspended' });
    world.cluster.changeSpec(aSpec({ steps }));
    expect(world.at(5_000)).toMatchObject({ phase: 'Running' });
    expect(world.states()).toMatchObject({ a: 'Running', ask: 'PendingApproval' });
  });

  it('lets running steps end', () => {
    const world = aFlowWorld({ steps });
    world.at(0);
    world.cluster.changeSpec(aSpec({ steps, suspend: true }));
    world.at(1);
    world.at(end);
    expect(world.states()).toMatchObject({ a: 'Succeeded', b: 'Pending Suspended' });
  });

  it('does not come closer to its deadline', () => {
    const long = [aStep('a')];
    const world = aFlowWorld({ steps: long, executionPolicy: policy }, {}, 600_000);
    world.at(0);
    world.cluster.changeSpec(aSpec({ steps: long, suspend: true, executionPolicy: policy }));
    expect(world.at(40_000)).toMatchObject({ phase: 'Suspended', nextReconcileAt: null });
    expect(world.at(100_000)).toMatchObject({ phase: 'Suspended' });
    world.cluster.changeSpec(aSpec({ steps: long, executionPolicy: policy }));
    expect(world.at(101_000)).toMatchObject({ phase: 'Running', nextReconcileAt: 121_000 });
    world.at(120_999);
    expect(world.states()).toEqual({ a: 'Running' });
    world.at(121_000);
    expect(world.states()).toEqual({ a: 'Failed ActiveDeadlineExceeded' });
  });

  it('can be stopped', () => {
    const world = aFlowWorld({ steps, suspend: true, finally: [aStep('clean')] });
    world.at(0);
    world.cluster.changeSpec(aSpec({ steps, suspend: true, shutdown: 'Stop', finally: [aStep('clean')] }));
    runToEnd(world, 1);
    expect(world.states()).toEqual({
      a: 'Skipped Stopped',
      b: 'Skipped Stopped',
      ask: 'Skipped Stopped',
      clean: 'Succeeded',
    });
  });
});

describe('a shutdown', () => {
  const specOf = (shutdown?: string) => ({ steps: abc, finally: [aStep('clean')], ...(shutdown && { shutdown }) });

  it('Stop lets running steps end, and starts only finally', () => {
    const world = aFlowWorld(specOf());
    world.at(0);
    world.cluster.changeSpec(aSpec(specOf('Stop')));
    expect(world.at(1)).toMatchObject({ phase: 'Running', reason: 'Stopped' });
    expect(world.jobs(1)).toEqual(['a/1']);
    const last = runToEnd(world, 1);
    expect(world.states()).toEqual({ a: 'Succeeded', b: 'Skipped Stopped', c: 'Skipped Stopped', clean: 'Succeeded' });
    expect(world.at(last)).toMatchObject({ phase: 'Failed', reason: 'Stopped' });
  });

  it('Terminate deletes the Jobs of running steps', () => {
    const world = aFlowWorld(specOf('Stop'));
    world.at(0);
    const running = aFlowWorld(specOf());
    running.at(0);
    running.cluster.changeSpec(aSpec(specOf('Terminate')));
    running.at(1);
    expect(running.jobs(1)).toEqual(['clean/1']);
    const last = runToEnd(running, 1);
    expect(running.states()).toMatchObject({ a: 'Failed Terminated', b: 'Skipped UpstreamFailed', clean: 'Succeeded' });
    expect(running.at(last)).toMatchObject({ phase: 'Failed', reason: 'Terminated' });
  });

  it('may go from Stop to Terminate', () => {
    const world = aFlowWorld(specOf());
    world.at(0);
    world.cluster.changeSpec(aSpec(specOf('Stop')));
    world.at(1);
    world.cluster.changeSpec(aSpec(specOf('Terminate')));
    expect(world.at(2)).toMatchObject({ reason: 'Terminated' });
    expect(world.states()).toMatchObject({ a: 'Failed Terminated', b: 'Skipped Stopped' });
  });
});

describe('a Job', () => {
  const minute = 60_000;

  it('that is not seen yet is waited for, and then read (Z2)', () => {
    const world = aFlowWorld({ steps: abc });
    world.at(0);
    const snapshot = { ...world.cluster.snapshot(0, 'watch'), jobs: [] };
    expect(advance(snapshot, 100)).toMatchObject({
      starts: [],
      needsRead: false,
      nextReconcileAt: 2_000,
      record: null,
    });
    expect(advance(snapshot, 2_000)).toMatchObject({ starts: [], needsRead: true, record: null });
  });

  it('whose creation was lost is made by a consistent read', () => {
    const world = aFlowWorld({ steps: abc });
    world.at(0);
    const lost = { ...world.cluster.snapshot(0), jobs: [] };
    expect(advance(lost, 1)).toMatchObject({ starts: [{ step: 'a', attempt: 1 }], record: { rev: 2 } });
    expect(advance({ ...lost, basis: 'watch' }, 1)).toMatchObject({ starts: [] });
  });

  it('costs one write of the record, and one more where it runs for long', () => {
    const short = aFlowWorld({ steps: abc });
    runToEnd(short);
    expect(short.cluster.record()).toMatchObject({ rev: 4 });
    const long = aFlowWorld({ steps: [aStep('a')] }, {}, minute);
    expect(long.at(0)).toMatchObject({ nextReconcileAt: RECORD_UID_MS });
    expect(long.at(RECORD_UID_MS)).toMatchObject({ nextReconcileAt: null });
    expect(long.cluster.record()).toMatchObject({ rev: 2, steps: [{ jobUid: expect.any(String) }] });
  });

  it('whose uid is recorded is never made again (Z3)', () => {
    const world = aFlowWorld({ steps: [aStep('a'), aStep('b', 'a')] }, {}, minute);
    world.at(0);
    world.at(RECORD_UID_MS);
    world.cluster.deleteJob(jobName({ name: 'nightly', uid: 'flow-uid' }, 'a', 1));
    const seen = world.cluster.snapshot(RECORD_UID_MS, 'watch');
    expect(advance(seen, RECORD_UID_MS)).toMatchObject({ needsRead: true, record: null, starts: [] });
    world.at(RECORD_UID_MS);
    expect(world.states()).toEqual({ a: 'Failed JobDeleted', b: 'Skipped UpstreamFailed' });
    expect(world.jobs(RECORD_UID_MS)).toEqual([]);
  });

  it('that was deleted uses up an attempt', () => {
    const world = aFlowWorld({ steps: [aStep('a', [], retried)] }, {}, minute);
    world.at(0);
    world.at(RECORD_UID_MS);
    world.cluster.deleteJob(jobName({ name: 'nightly', uid: 'flow-uid' }, 'a', 1));
    world.at(RECORD_UID_MS);
    expect(world.states()).toEqual({ a: 'Pending Backoff 2' });
  });

  it('of an attempt that does not run is deleted, and a foreign one is not (Z6, Z13)', () => {
    const world = aFlowWorld({ steps: abc });
    world.at(0);
    const snapshot = world.cluster.snapshot(0);
    const [job] = snapshot.jobs;
    if (job === undefined) throw new Error('no Job');
    const late = { ...job, name: 'late', uid: 'late', attempt: 2 };
    const doubled = { ...job, name: 'doubled', uid: 'doubled' };
    const foreign = { ...late, name: 'foreign', isOurs: false };
    const going = { ...late, name: 'going', terminating: true };
    const jobs = [job, late, doubled, foreign, going];
    const { deletes } = advance({ ...snapshot, jobs }, 0);
    expect(deletes.map(({ name }) => name)).toEqual(['late', 'doubled']);
  });

  it('that runs for nothing is deleted only after the record was written, which fences an old one', () => {
    const world = aFlowWorld({ steps: abc });
    world.at(0);
    const old = world.cluster.snapshot(0);
    const [first] = old.jobs;
    if (first === undefined) throw new Error('no Job');
    const spare = { ...first, name: 'spare', uid: 'spare', attempt: 7 };
    const decision = advance({ ...old, jobs: [...old.jobs, spare] }, 1);
    expect(decision).toMatchObject({ deletes: [{ uid: 'spare' }], record: { rev: 2 } });
  });

  it('that has ended stays, unless the policy lets it go after five minutes', () => {
    const policies = [
      { retainJobs: 'All', left: ['a/1', 'b/1'] },
      { retainJobs: 'Failed', left: ['b/1'] },
      { retainJobs: 'None', left: [] },
    ];
    for (const { retainJobs, left } of policies) {
      const world = aFlowWorld(
        { steps: [aStep('a'), aStep('b', 'a')], executionPolicy: { retainJobs } },
        { b: ['fail'] },
      );
      const last = runToEnd(world);
      expect(world.jobs(last)).toEqual(['a/1', 'b/1']);
      world.at(last + KEEP_ENDED_MS - 1);
      world.at(last + KEEP_ENDED_MS);
      expect(world.jobs(last + KEEP_ENDED_MS), retainJobs).toEqual(left);
    }
  });

  it('that failed is read for its exit code, where a condition wants it', () => {
    const world = aFlowWorld(
      { steps: [aStep('a', [], { retryPolicy: { when: 'exitCode == 75' } })] },
      { a: ['fail:75'] },
    );
    world.at(0);
    const snapshot = world.cluster.snapshot(end, 'watch');
    const jobs = snapshot.jobs.map(({ exitCode: _, ...job }) => job);
    const asked = advance({ ...snapshot, jobs }, end);
    const [job] = jobs;
    expect(asked).toMatchObject({ reads: [{ kind: 'exitCode', job: job?.name, uid: job?.uid }], record: null });
    const exitCodes = (code: number | null) => ({ ...noFacts, exitCodes: { [job?.uid ?? '']: code } });
    const endWith = (code: number | null) => advance({ ...snapshot, jobs, facts: exitCodes(code) }, end).changes;
    expect(endWith(75)).toMatchObject([{ to: 'Pending', reason: 'Backoff' }]);
    // No pod is left.
    expect(endWith(null)).toMatchObject([{ to: 'Failed', reason: 'JobFailed' }]);
  });
});

describe('names', () => {
  const flow = { name: 'a-very-long-name-of-a-flow.with.dots', uid: '0b5e' };

  it('are short enough for a Job, and differ by flow, step and attempt', () => {
    const names = [
      jobName(flow, 'step', 1),
      jobName(flow, 'step', 2),
      jobName(flow, 'other', 1),
      jobName({ ...flow, uid: '0b5f' }, 'step', 1),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(jobName({ ...flow, name: 'f'.repeat(63) }, 's'.repeat(52), 1_234_567)).toHaveLength(58);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
    expect(recordName(flow)).toMatch(/^a-very-long-name-of-a-flow\.with\.dots-[a-z0-9]{8}$/);
  });
});

describe('what is bounded in one decision', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `s${String(index).padStart(3, '0')}`);
  const wide = (fields: JsonObject = {}) => ({ steps: names(130).map((name) => aStep(name, [], fields)) });
  const configMapKeyRef = { name: 'settings', key: 'mode' };
  const memoized = { memoize: { key: "'k'" } };

  /** Looks four times at a flow of which no Job can be made. How many it starts each time. */
  function failToStart(basis: 'read' | 'watch') {
    const world = aFlowWorld({ parallelism: 500, ...wide() });
    const counts = [0, 1, 2, 3].map(() => {
      const snapshot = world.cluster.snapshot(0, basis);
      const decision = advance(snapshot, 0);
      for (const write of toWrites(decision, snapshot))
        if (write.resource === 'jobflowrecords') world.cluster.apply(write, 0);
      return decision.starts.length;
    });
    return { world, counts };
  }

  it('are the Jobs that are made again, and nothing new starts before them', () => {
    expect(failToStart('read').counts).toEqual([0, 50, 50, 50]);
    const { world, counts } = failToStart('watch');
    expect(counts).toEqual([0, 50, 50, 30]);
    const again: number[] = [];
    for (let now = 10_000; now < 60_000; now += 10_000) {
      const snapshot = world.cluster.snapshot(now);
      const decision = advance(snapshot, now);
      again.push(decision.starts.length);
      expect(decision.nextReconcileAt === now).toBe(again.length <= 2);
      for (const write of toWrites(decision, snapshot)) world.cluster.apply(write, now);
    }
    expect(again).toEqual([50, 50, 30, 0, 0]);
    expect(world.jobs(60_000)).toHaveLength(130);
  });

  it('are the facts that are asked for: those of as many steps as may start', () => {
    const asked = (spec: JsonObject) => {
      const world = aFlowWorld(spec);
      for (const write of toWrites(advance(world.cluster.snapshot(0), 0), world.cluster.snapshot(0)))
        world.cluster.apply(write, 0);
      return advance(world.cluster.snapshot(0), 0);
    };
    const inputs = { inputs: { parameters: [{ name: 'm', valueFrom: { configMapKeyRef } }] } };
    const keyed = names(130).map((name) => {
      const valueFrom = { configMapKeyRef: { name: 'settings', key: name } };
      return aStep(name, [], { inputs: { parameters: [{ name: 'm', valueFrom }] } });
    });
    expect(asked({ parallelism: 500, steps: keyed }).reads).toHaveLength(50);
    expect(asked({ parallelism: 7, steps: keyed }).reads).toHaveLength(7);
    // Those that need nothing come first, by their name, and leave no room.
    const ready = [aStep('a'), aStep('b'), aStep('c', [], inputs)];
    expect(asked({ parallelism: 2, steps: ready })).toMatchObject({
      reads: [],
      starts: [{ step: 'a' }, { step: 'b' }],
    });
    expect(asked({ parallelism: 3, steps: ready }).reads).toHaveLength(1);
    // What waits for its turn is not held ready before it.
    expect(asked({ parallelism: 2, steps: ready }).record?.steps[2]).toMatchObject({ reason: 'Dependencies' });
  });

  it('does not keep steps back whose results are known: all are looked at in the end', () => {
    const world = aFlowWorld({ parallelism: 5, ...wide(memoized) });
    expect(runToEnd(world)).toBe(26 * end);
    expect(Object.values(world.states()).every((state) => state === 'Succeeded')).toBe(true);
  });

  it('does not cancel a step whose Job has ended, and of which it is to be read what it gave', () => {
    const outputs = { parameters: [{ name: 'tag', valueFrom: { terminationMessage: {} } }] };
    const world = aFlowWorld(
      { steps: [aStep('a'), aStep('b', [], { outputs })], executionPolicy: { onFailure: 'Cancel' } },
      { a: ['fail'] },
      end,
      { b: { tag: 'v1' } },
    );
    world.at(0);
    const decision = advance(world.cluster.snapshot(end), end);
    expect(decision).toMatchObject({ reads: [{ kind: 'outputs', step: 'b' }], deletes: [], nextReconcileAt: end });
    expect(decision.changes).toMatchObject([{ step: 'a', to: 'Failed' }]);
    world.at(end);
    expect(world.states()).toEqual({ a: 'Failed JobFailed', b: 'Succeeded' });
  });
});

describe('a Job that was over a quota', () => {
  it('is not looked for, and not made again, before it is time', () => {
    const world = aFlowWorld({ steps: [aStep('a')] });
    world.at(0);
    const lost = (basis: 'read' | 'watch') => ({ ...world.cluster.snapshot(0, basis), jobs: [], createAgainAt: 9_000 });
    for (const basis of ['read', 'watch'] as const)
      expect(advance(lost(basis), 8_999)).toMatchObject({
        ...{ starts: [], record: null, needsRead: false, nextReconcileAt: 9_000 },
      });
    expect(advance(lost('watch'), 9_000)).toMatchObject({ needsRead: true });
    expect(advance(lost('read'), 9_000)).toMatchObject({ starts: [{ step: 'a', attempt: 1 }] });
  });
});
