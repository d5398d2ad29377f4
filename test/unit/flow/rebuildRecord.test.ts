import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/flow/engine/advance.ts';
import { parseJobFlow } from '../../../lib/flow/objects/parseJobFlow.ts';
import { flowPhase } from '../../../lib/flow/state/flowPhase.ts';
import type { FlowSnapshot, FlowView } from '../../../lib/flow/state/snapshot.ts';
import { toStatus } from '../../../lib/flow/writes/toStatus.ts';
import { aFlowWorld, aManualStep, aStep, JOB_MS, runToEnd } from '../../support/objects/aFlow.ts';

const steps = [
  aStep('a'),
  aStep('b', 'a', { retryPolicy: { limit: 2, backoff: { duration: '1s' } } }),
  aManualStep('q', ['a']),
  aStep('c', ['b', 'q']),
];

/** The flow with the status that its record gives, as it is read again. */
function withStatus(world: ReturnType<typeof aFlowWorld>, now: number): FlowView {
  const { flow } = world.cluster.snapshot(now);
  const record = world.cluster.record();
  if (flow === null || record === null) throw new Error('no flow');
  const status = toStatus(flow, record, flowPhase(flow.spec, record), now);
  const metadata = { namespace: 'data', name: 'nightly', uid: flow.uid, resourceVersion: '1' };
  return { ...flow, status: parseJobFlow({ metadata, spec: { steps }, status }).status };
}

function lost(snapshot: FlowSnapshot, flow: FlowView): FlowSnapshot {
  return { ...snapshot, flow, record: { uid: 'new', resourceVersion: '9', record: null } };
}

describe('a flow whose record is lost', () => {
  it('starts nothing until the state was read, and an empty record is there (Z14)', () => {
    const world = aFlowWorld({ steps });
    world.at(0);
    const flow = withStatus(world, 0);
    const gone = { ...world.cluster.snapshot(0), flow, record: null };
    expect(advance({ ...gone, basis: 'watch' }, 1)).toMatchObject({
      needsRead: true,
      starts: [],
      createsRecord: false,
    });
    expect(advance(gone, 1)).toMatchObject({ createsRecord: true, starts: [], record: null });
    expect(advance({ ...lost(gone, flow), basis: 'watch' }, 1)).toMatchObject({ needsRead: true, starts: [] });
  });

  it('goes on with a Job that is there, although no status was written yet', () => {
    const world = aFlowWorld({ steps });
    world.at(0);
    const snapshot = world.cluster.snapshot(0);
    if (snapshot.flow === null) throw new Error('no flow');
    const gone = lost(snapshot, snapshot.flow);
    expect(advance({ ...gone, basis: 'watch' }, 1)).toMatchObject({ needsRead: true });
    const { record, starts, deletes } = advance(gone, 1);
    expect({ starts, deletes }).toEqual({ starts: [], deletes: [] });
    expect(record?.steps[0]).toMatchObject({ name: 'a', phase: 'Running', jobUid: snapshot.jobs[0]?.uid });
  });

  it('goes on with the Job of a step that the last status calls skipped, and a retry has brought back', () => {
    const world = aFlowWorld({ steps: [aStep('a'), aStep('b', 'a')] }, { a: ['fail', 'ok'] });
    let at = runToEnd(world);
    expect(world.states()).toEqual({ a: 'Failed JobFailed', b: 'Skipped UpstreamFailed' });
    const behind = withStatus(world, at);
    world.cluster.annotate({ 'attempts.workflow.kube-zen.io/a': '2' });
    world.at(at);
    while (world.cluster.record()?.steps[1]?.phase !== 'Running') {
      at += JOB_MS;
      world.at(at);
    }
    const { record, starts, deletes } = advance(lost(world.cluster.snapshot(at), behind), at);
    expect({ starts, deletes }).toEqual({ starts: [], deletes: [] });
    expect(record?.steps).toMatchObject([
      { name: 'a', phase: 'Succeeded', attempt: 2 },
      { name: 'b', phase: 'Running', attempt: 1 },
    ]);
  });

  it('has not begun finally where a step of the flow is retried after it (Z10)', () => {
    const world = aFlowWorld({ steps: [aStep('a')], finally: [aStep('clean')] }, { a: ['fail', 'ok'] });
    const last = runToEnd(world);
    expect(world.states()).toEqual({ a: 'Failed JobFailed', clean: 'Succeeded' });
    world.cluster.annotate({ 'attempts.workflow.kube-zen.io/a': '2' });
    world.at(last);
    expect(world.states()).toEqual({ a: 'Running 2', clean: 'Succeeded' });
    const { record } = advance(lost(world.cluster.snapshot(last), withStatus(world, last)), last);
    expect(record).toMatchObject({ finallyAt: null, endedAt: null });
  });

  it('goes on where it stood: by its Jobs first, then by its status', () => {
    const world = aFlowWorld({ steps }, { b: ['fail', 'ok'] });
    world.at(0);
    world.at(JOB_MS);
    world.at(2 * JOB_MS);
    const flow = withStatus(world, 2 * JOB_MS);
    world.at(2 * JOB_MS + 1_000);
    // The second attempt of b runs by then, which the status does not say yet.
    const decision = advance(lost(world.cluster.snapshot(2 * JOB_MS + 2_000), flow), 2 * JOB_MS + 2_000);
    expect(decision).toMatchObject({ starts: [], deletes: [] });
    const before = world.cluster.record()?.steps ?? [];
    const states = (list: typeof before) => list.map(({ name, phase, attempt }) => ({ name, phase, attempt }));
    expect(states(decision.record?.steps ?? [])).toEqual(states(before));
    expect(decision.record).toMatchObject({ retries: 1, startedAt: 0 });
  });

  it('ends a step that ran and has no Job any more, instead of running it again', () => {
    const world = aFlowWorld({ steps: [aStep('a')] });
    world.at(0);
    const flow = withStatus(world, 0);
    const snapshot = { ...lost(world.cluster.snapshot(1), flow), jobs: [] };
    expect(advance(snapshot, 1)).toMatchObject({
      starts: [],
      record: { steps: [{ name: 'a', phase: 'Failed', reason: 'JobDeleted' }] },
    });
  });

  it('stays ended where it had ended', () => {
    const world = aFlowWorld({ steps: [aStep('a')] });
    world.at(0);
    world.at(JOB_MS);
    const flow = withStatus(world, JOB_MS);
    expect(flow.status?.phase).toBe('Succeeded');
    const decision = advance(lost({ ...world.cluster.snapshot(JOB_MS + 1), jobs: [] }, flow), JOB_MS + 1);
    expect(decision).toMatchObject({ kind: 'finished', phase: 'Succeeded', starts: [] });
  });
});
