import { describe, expect, it } from 'vitest';
import { advance, type Decision } from '../../../lib/flow/engine/advance.ts';
import { parseStatus } from '../../../lib/flow/objects/parseStatus.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { limits } from '../../../lib/flow/spec/limits.ts';
import { flowPhase } from '../../../lib/flow/state/flowPhase.ts';
import { type FlowRecord, serializeRecord } from '../../../lib/flow/state/record.ts';
import type { FlowSnapshot, FlowView } from '../../../lib/flow/state/snapshot.ts';
import { utf8Length } from '../../../lib/flow/state/utf8Length.ts';
import { refusedStatus } from '../../../lib/flow/writes/refusedStatus.ts';
import { isStatusBehind, isStatusUrgent, toStatus } from '../../../lib/flow/writes/toStatus.ts';
import { aFlowWorld, aManualStep, aSpec, aStep, JOB_MS, runToEnd } from '../../support/objects/aFlow.ts';

const HOUR_MS = 3_600_000;

function flowOf({ flow }: FlowSnapshot): FlowView {
  if (flow === null) throw new Error('no flow');
  return flow;
}

function recordOf({ record }: FlowSnapshot): FlowRecord {
  if (record?.record == null || record.record === 'unreadable') throw new Error('no record');
  return record.record;
}

/** With a status as it is read back. */
function withStatus(flow: FlowView, status: JsonObject | null): FlowView {
  return { ...flow, status: status === null ? null : parseStatus(JSON.parse(JSON.stringify(status))) };
}

/** `Type=Status/Reason`, in their order. */
function conditionsIn(status: JsonObject | null): readonly string[] {
  const conditions = (status?.['conditions'] ?? []) as readonly JsonObject[];
  return conditions.map(({ type, status: is, reason }) => `${type}=${is}/${reason}`);
}

describe('a flow whose frozen fields were changed', () => {
  const spec = { steps: [aStep('a'), aStep('b', 'a')], executionPolicy: { ttlSecondsAfterFinished: 60 } };
  const changed = { ...spec, steps: [aStep('a'), aStep('b', 'a'), aStep('c')] };
  const changeIn = (fields: JsonObject, durationMs = JOB_MS) => {
    const world = aFlowWorld({ ...spec, ...fields }, {}, durationMs);
    world.at(0);
    return world;
  };

  it('starts nothing, and is terminated all the same', () => {
    const world = changeIn({});
    world.cluster.changeSpec(aSpec({ ...changed, shutdown: 'Terminate' }));
    const decision = world.at(1_000);
    expect(decision).toMatchObject({ kind: 'refused', reason: 'SpecChanged', starts: [] });
    expect(world.states()).toEqual({ a: 'Failed Terminated', b: 'Pending Dependencies' });
    expect(world.jobs(1_000)).toEqual([]);
    // Reverted, it comes to its end.
    world.cluster.changeSpec(aSpec({ ...spec, shutdown: 'Terminate' }));
    expect(world.at(2_000)).toMatchObject({ kind: 'finished', phase: 'Failed', reason: 'Terminated' });
  });

  it('is ended by its deadline', () => {
    const executionPolicy = { activeDeadlineSeconds: 30 };
    const world = changeIn({ executionPolicy }, 10 * JOB_MS);
    world.cluster.changeSpec(aSpec({ ...changed, executionPolicy }));
    expect(world.at(1_000)).toMatchObject({ reason: 'SpecChanged', nextReconcileAt: 30_000 });
    world.at(30_000);
    expect(world.states()).toMatchObject({ a: 'Failed ActiveDeadlineExceeded' });
    expect(world.jobs(30_000)).toEqual([]);
  });

  it('is deleted when its time to live is over, once it has ended', () => {
    const world = aFlowWorld(spec);
    const last = runToEnd(world);
    world.cluster.changeSpec(aSpec(changed));
    expect(world.at(last + 1_000)).toMatchObject({ deletesFlow: false, nextReconcileAt: last + 60_000 });
    expect(world.at(last + 60_000)).toMatchObject({ deletesFlow: true });
  });

  it('says so at once, also before its first view, with all that is known of it', () => {
    const world = changeIn({});
    world.cluster.changeSpec(aSpec(changed));
    const snapshot = world.cluster.snapshot(1_000);
    const decision = advance(snapshot, 1_000);
    const flow = { ...flowOf(snapshot), status: null };
    const status = refusedStatus(flow, decision, recordOf(snapshot), 1_000);
    expect(status).toMatchObject({ phase: 'Running', summary: '0/2', observedGeneration: flow.generation });
    expect(conditionsIn(status)).toEqual([
      'Valid=True/Valid',
      'Ready=True/FlowRunning',
      'Complete=False/NotComplete',
      'Failed=False/NotFailed',
      'Suspended=False/NotSuspended',
      'WaitingForApproval=False/NotWaiting',
      'SpecChanged=True/SpecChanged',
    ]);
    expect(refusedStatus(withStatus(flow, status), decision, recordOf(snapshot), 2_000)).toBeNull();
  });

  it('takes it back when the change is reverted, on an ended flow, too', () => {
    const world = aFlowWorld(spec);
    const last = runToEnd(world);
    const snapshot = world.cluster.snapshot(last);
    const refused: Decision = { ...advance(snapshot, last), kind: 'refused', reason: 'SpecChanged' };
    const said = withStatus(flowOf(snapshot), refusedStatus(flowOf(snapshot), refused, recordOf(snapshot), last));
    const record = recordOf(snapshot);
    const state = flowPhase(said.spec, record);
    expect([isStatusBehind(said, record), isStatusUrgent(said, record, state)]).toEqual([true, true]);
    const after = withStatus(said, toStatus(said, record, state, last));
    expect(isStatusBehind(after, record)).toBe(false);
  });
});

describe('a view', () => {
  it('is written again for a newer version of the spec', () => {
    const world = aFlowWorld({ steps: [aStep('a')] });
    const last = runToEnd(world);
    const snapshot = world.cluster.snapshot(last);
    const [flow, record] = [flowOf(snapshot), recordOf(snapshot)];
    const seen = withStatus(flow, toStatus(flow, record, flowPhase(flow.spec, record), last));
    expect(isStatusBehind(seen, record)).toBe(false);
    expect(isStatusBehind({ ...seen, generation: seen.generation + 1 }, record)).toBe(true);
  });

  it('names the Job that ran, while the next attempt is waited for', () => {
    const retryPolicy = { limit: 2, backoff: { duration: '5s' } };
    const world = aFlowWorld({ steps: [aStep('a', [], { retryPolicy })] }, { a: ['fail'] });
    world.at(0);
    const [job] = world.cluster.snapshot(0).jobs;
    world.at(JOB_MS);
    const snapshot = world.cluster.snapshot(JOB_MS);
    const [flow, record] = [flowOf(snapshot), recordOf(snapshot)];
    const status = toStatus(flow, record, flowPhase(flow.spec, record), JOB_MS);
    expect(status['steps']).toMatchObject([{ phase: 'Pending', reason: 'Backoff', jobRef: { name: job?.name } }]);
  });

  it('has at most 384 KiB: messages go first, then the times of what has ended', () => {
    const steps = Array.from({ length: 1_000 }, (_, at) =>
      aStep(`s${at}`, [], { when: `'${'\u20ac'.repeat(900)}' == ''` }),
    );
    const world = aFlowWorld({ steps });
    world.at(0);
    const snapshot = world.cluster.snapshot(0);
    const flow = flowOf(snapshot);
    const record = recordOf(snapshot);
    const sizeOf = (steps: FlowRecord['steps']) => {
      const status = toStatus(flow, { ...record, steps }, { phase: 'Running', reason: null }, 0);
      return { bytes: utf8Length(JSON.stringify(status)), first: (status['steps'] as readonly JsonObject[])[0] };
    };
    const skipped = sizeOf(record.steps);
    expect(skipped.first).toMatchObject({ phase: 'Skipped', completionTime: expect.any(String) });
    expect(skipped.first).not.toHaveProperty('message');
    const failed = record.steps.map((step) => ({
      ...step,
      phase: 'Failed' as const,
      reason: 'ActiveDeadlineExceeded' as const,
      startedAt: 0,
      exitCode: 127,
      jobUid: 'a'.repeat(36),
      by: 'b'.repeat(130),
    }));
    const large = sizeOf(failed);
    expect(large.first).not.toHaveProperty('completionTime');
    expect([skipped.bytes, large.bytes].every((bytes) => bytes <= limits.status)).toBe(true);
  });
});

describe('a flow that never starts', () => {
  const circle = { steps: [aStep('a', 'b'), aStep('b', 'a')], executionPolicy: { ttlSecondsAfterFinished: 60 } };

  it('has failed with every condition of that, and is deleted after its time to live', () => {
    const snapshot = aFlowWorld(circle).cluster.snapshot(0);
    const flow = flowOf(snapshot);
    const decision = advance(snapshot, 0);
    const status = refusedStatus(flow, decision, null, 0);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'DAGCycle', completionTime: '1970-01-01T00:00:00Z' });
    expect(conditionsIn(status)).toEqual([
      'Valid=False/DAGCycle',
      'Ready=False/DAGCycle',
      'Complete=False/NotComplete',
      'Failed=True/DAGCycle',
      'Suspended=False/NotSuspended',
      'WaitingForApproval=False/NotWaiting',
      'SpecChanged=False/Unchanged',
    ]);
    const later = { ...snapshot, flow: withStatus(flow, status) };
    expect(advance(later, 1_000)).toMatchObject({ kind: 'refused', deletesFlow: false, nextReconcileAt: 60_000 });
    expect(advance(later, 60_000)).toMatchObject({ kind: 'refused', deletesFlow: true, nextReconcileAt: null });
    // Changed, it is as faulty as before, and failed when it did.
    const edited = { ...withStatus(flow, status), generation: 9 };
    expect(refusedStatus(edited, decision, null, HOUR_MS)).toMatchObject({ completionTime: '1970-01-01T00:00:00Z' });
  });

  it('says whose name its record would need', () => {
    const world = aFlowWorld({ steps: [aStep('a')] });
    const snapshot = world.cluster.snapshot(0);
    const record = { uid: 'other', resourceVersion: '1', record: 'unreadable', isTaken: true } as const;
    const decision = advance({ ...snapshot, record }, 0);
    expect(decision).toMatchObject({ kind: 'refused', reason: 'RecordUnreadable', createsRecord: false });
    const flow = { ...flowOf(snapshot), status: null };
    const status = refusedStatus(flow, decision, null, 0);
    expect(status).toMatchObject({
      phase: 'Pending',
      conditions: [{ type: 'Ready', status: 'False', message: expect.stringContaining('the name is taken') }],
    });
    expect(refusedStatus(withStatus(flow, status), decision, null, 1)).toBeNull();
  });
});

describe('a record that becomes too large', () => {
  const many = Array.from({ length: 1_000 }, (_, at) => aManualStep(`q${String(at).padStart(3, '0')}`));
  const answers = Object.fromEntries(
    many.flatMap(({ name }) => [
      [`approved.workflow.kube-zen.io/${name}`, 'true'],
      [`approved-by.workflow.kube-zen.io/${name}`, '\u{1F600}'.repeat(300)],
    ]),
  );

  it('fails its flow, which still runs finally, and is written', () => {
    const world = aFlowWorld({ steps: many, finally: [aStep('clean')] });
    world.at(0);
    world.cluster.annotate(answers);
    const last = runToEnd(world, 1_000);
    expect(world.at(last)).toMatchObject({ kind: 'finished', phase: 'Failed', reason: 'RecordTooLarge' });
    expect(world.states()).toMatchObject({ clean: 'Succeeded' });
    const record = world.cluster.record();
    expect(record !== null && utf8Length(serializeRecord(record)) <= limits.record).toBe(true);
  });

  it('holds no control characters of who has answered', () => {
    const world = aFlowWorld({ steps: [aManualStep('q')] });
    world.at(0);
    world.cluster.annotate({
      'approved.workflow.kube-zen.io/q': 'true',
      'approved-by.workflow.kube-zen.io/q': 'jane\u001b[2J',
    });
    world.at(1_000);
    expect(world.cluster.record()?.steps).toMatchObject([{ by: 'jane?[2J' }]);
  });
});
