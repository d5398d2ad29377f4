import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/flow/engine/advance.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import type { GroupView } from '../../../lib/flow/state/facts.ts';
import { noFacts } from '../../../lib/flow/state/facts.ts';
import { toWrites } from '../../../lib/flow/writes/toWrites.ts';
import { aFlowWorld, aManualStep, aSpec, aStep } from '../../support/objects/aFlow.ts';

describe('a step that runs once', () => {
  it('has its Job made suspended, and released when its uid is recorded', () => {
    const world = aFlowWorld({ steps: [aStep('a', [], { once: true })] });
    world.at(0, 'watch');
    expect(world.cluster.record()?.steps[0]?.jobUid).not.toBeNull();
    const [job] = world.cluster.snapshot(0).jobs;
    expect(job).not.toHaveProperty('suspended');
    world.at(10_000);
    expect(world.states()).toEqual({ a: 'Succeeded' });
  });

  it('has the record written before the release', () => {
    const world = aFlowWorld({ steps: [aStep('a', [], { once: true })] });
    const first = advance(world.cluster.snapshot(0), 0);
    for (const write of toWrites(first, world.cluster.snapshot(0))) world.cluster.apply(write, 0);
    const second = advance(world.cluster.snapshot(0), 0);
    for (const write of toWrites(second, world.cluster.snapshot(0))) world.cluster.apply(write, 0);
    const snapshot = world.cluster.snapshot(0);
    const third = advance(snapshot, 0);
    expect(third.record?.steps[0]?.jobUid).toBe(snapshot.jobs[0]?.uid);
    expect(toWrites(third, snapshot).map(({ kind, resource }) => `${kind} ${resource}`)).toEqual([
      'patch jobflowrecords',
      'patch jobs',
    ]);
  });
});

describe('a suspension with suspendJobs', () => {
  it('suspends what runs, and lets it go on afterwards', () => {
    const world = aFlowWorld({ suspendJobs: true, steps: [aStep('a'), aStep('b', 'a')] });
    world.at(0);
    const spec = (suspend: boolean) => aSpec({ suspend, suspendJobs: true, steps: [aStep('a'), aStep('b', 'a')] });
    world.cluster.changeSpec(spec(true));
    world.at(5_000);
    expect(world.cluster.snapshot(5_000).jobs).toMatchObject([{ suspended: true, held: 'suspend' }]);
    world.at(60_000);
    expect(world.states()).toMatchObject({ a: 'Running' });
    world.cluster.changeSpec(spec(false));
    world.at(70_000);
    world.at(80_000);
    expect(world.states()).toMatchObject({ a: 'Succeeded', b: 'Running' });
  });

  it('leaves a Job alone that a queue has suspended', () => {
    const world = aFlowWorld({ steps: [aStep('a')] });
    world.at(0);
    const snapshot = world.cluster.snapshot(0);
    const jobs = snapshot.jobs.map((job) => ({ ...job, suspended: true }));
    expect(advance({ ...snapshot, jobs }, 0)).toMatchObject({ holds: [] });
  });
});

describe('a flow of a group', () => {
  const steps = { steps: [aStep('a')], executionPolicy: { concurrencyKey: 'db' } };
  const lease = { uid: 'lease-uid', resourceVersion: '7', holderUid: 'other' };
  const holder = { name: 'other', uid: 'other', resourceVersion: '3', createdAt: -1, isShutDown: false };

  function decideWith(group: GroupView, policy = 'Forbid') {
    const world = aFlowWorld({ ...steps, executionPolicy: { concurrencyKey: 'db', concurrencyPolicy: policy } });
    const empty = world.cluster.snapshot(0);
    for (const write of toWrites(advance(empty, 0), empty)) world.cluster.apply(write, 0);
    const snapshot = { ...world.cluster.snapshot(0), facts: { ...noFacts, group } };
    const decision = advance(snapshot, 0);
    return { decision, writes: toWrites(decision, snapshot).map(({ kind, resource }) => `${kind} ${resource}`) };
  }

  it('takes the Lease before its record says that it runs', () => {
    expect(decideWith({ lease: null, holder: null }).writes).toEqual([
      'create leases',
      'patch jobflowrecords',
      'create jobs',
    ]);
    expect(decideWith({ lease, holder: null }).writes).toEqual(['patch leases', 'patch jobflowrecords', 'create jobs']);
  });

  it('starts nothing while another one holds it, and asks again', () => {
    const { decision, writes } = decideWith({ lease, holder });
    expect(writes).toEqual(['patch jobflowrecords']);
    expect(decision).toMatchObject({ phase: 'Pending', starts: [], nextReconcileAt: 3_000 });
    expect(decision.record?.steps).toMatchObject([{ phase: 'Pending', reason: 'Group' }]);
  });

  it('asks less and less often while it waits', () => {
    const world = aFlowWorld(steps);
    const empty = world.cluster.snapshot(0);
    for (const write of toWrites(advance(empty, 0), empty)) world.cluster.apply(write, 0);
    const waitAt = (now: number) => {
      const snapshot = { ...world.cluster.snapshot(now), facts: { ...noFacts, group: { lease, holder } } };
      const decision = advance(snapshot, now);
      for (const write of toWrites(decision, snapshot)) world.cluster.apply(write, now);
      return (decision.nextReconcileAt ?? 0) - now;
    };
    expect([0, 30_000, 60_000, 599_999, 3_600_000].map(waitAt)).toEqual([3_000, 3_000, 6_000, 60_000, 60_000]);
  });

  it('ends an older one first where it replaces it, and waits for a newer one', () => {
    expect(decideWith({ lease, holder }, 'Replace').writes).toEqual(['patch jobflows', 'patch jobflowrecords']);
    expect(decideWith({ lease, holder: { ...holder, createdAt: 9 } }, 'Replace').writes).toEqual([
      'patch jobflowrecords',
    ]);
    expect(decideWith({ lease, holder: { ...holder, isShutDown: true } }, 'Replace').writes).toEqual([
      'patch jobflowrecords',
    ]);
  });

  describe('that is stopped while it waits', () => {
    const group = { lease, holder };
    const stopWaiting = (fields: JsonObject) => {
      const executionPolicy = { concurrencyKey: 'db', concurrencyPolicy: 'Replace' };
      const spec = { steps: [aStep('a')], executionPolicy, ...fields };
      const world = aFlowWorld({ ...spec, suspend: true });
      world.at(0);
      world.cluster.changeSpec(aSpec({ ...spec, suspend: true, shutdown: 'Stop' }));
      return { ...world.cluster.snapshot(5_000), facts: { ...noFacts, group } };
    };

    it('ends without its turn, and ends no other one', () => {
      const decision = advance(stopWaiting({}), 5_000);
      expect(decision).toMatchObject({ phase: 'Failed', reason: 'Stopped', group: { acquires: null, replaces: null } });
    });

    it('waits for its turn to run finally, however long, and ends no other one', () => {
      const snapshot = stopWaiting({ finally: [aStep('clean')] });
      const decision = advance(snapshot, 5_000);
      expect(decision).toMatchObject({ kind: 'advanced', starts: [], group: { acquires: null, replaces: null } });
      expect(decision.record).toMatchObject({ finallyAt: null });
      const record = snapshot.record && { ...snapshot.record, record: decision.record };
      const later = { ...snapshot, record, facts: { ...noFacts, group: { lease, holder: null } } };
      expect(advance(later, 36_000_000)).toMatchObject({ starts: [{ step: 'clean', attempt: 1 }] });
    });
  });

  it('asks its group again before a retry of a flow that had ended', () => {
    const world = aFlowWorld(steps, { a: ['fail', 'ok'] });
    world.at(0);
    world.at(10_000);
    expect(world.cluster.record()?.endedAt).not.toBeNull();
    world.cluster.annotate({ 'attempts.workflow.kube-zen.io/a': '2' });
    const snapshot = world.cluster.snapshot(20_000);
    expect(advance(snapshot, 20_000)).toMatchObject({ starts: [], record: { groupAt: null, endedAt: null } });
    world.at(20_000);
    expect(world.states()).toEqual({ a: 'Running 2' });
  });
});

describe('an answer', () => {
  const initiatedBy = 'workflow.kube-zen.io/initiated-by';
  const phaseWith = (approval: JsonObject, annotations: Readonly<Record<string, string>>) => {
    const world = aFlowWorld({ steps: [aManualStep('q', [], { approval })] });
    world.at(0);
    const approved = { 'approved.workflow.kube-zen.io/q': 'true' };
    world.cluster.annotate({ ...approved, ...annotations });
    world.at(1_000);
    return world.states()['q'];
  };
  const by = (name: string) => ({ 'approved-by.workflow.kube-zen.io/q': name });

  it('counts of those who may give it', () => {
    expect(phaseWith({ users: ['jane'] }, by('jane'))).toBe('Succeeded Approved');
    expect(phaseWith({ users: ['jane'] }, by('eve'))).toBe('PendingApproval');
    expect(phaseWith({ users: ['jane'] }, {})).toBe('PendingApproval');
    expect(phaseWith({ users: ['jane'], groups: ['ops'] }, by('joe'))).toBe('Succeeded Approved');
  });

  it('counts of another person than the one who created the flow, where that is asked', () => {
    expect(phaseWith({ notInitiator: true }, { ...by('joe'), [initiatedBy]: 'jane' })).toBe('Succeeded Approved');
    expect(phaseWith({ notInitiator: true }, { ...by('jane'), [initiatedBy]: 'jane' })).toBe('PendingApproval');
    expect(phaseWith({ notInitiator: true }, by('joe'))).toBe('PendingApproval');
    expect(phaseWith({ notInitiator: true }, { [initiatedBy]: 'jane' })).toBe('PendingApproval');
  });
});

describe('a memoized step', () => {
  const spec = {
    parameters: { day: 'monday' },
    steps: [aStep('a', [], { memoize: { key: 'params.day', ttlSeconds: 60 } }), aStep('b', 'a')],
  };
  const memo = { uid: 'm', resourceVersion: '4', storedAt: 0, outputs: {} };

  function withMemo(storedAt: number) {
    const world = aFlowWorld(spec);
    const empty = world.cluster.snapshot(0);
    for (const write of toWrites(advance(empty, 0), empty)) world.cluster.apply(write, 0);
    const snapshot = world.cluster.snapshot(0);
    const [read] = advance(snapshot, 0).reads;
    if (read?.kind !== 'memo') throw new Error('asks for no memo');
    const facts = { ...noFacts, memos: { [read.name]: { ...memo, storedAt } } };
    return advance({ ...snapshot, facts }, 0);
  }

  it('does not run where its result was kept', () => {
    expect(withMemo(-59_000).changes).toMatchObject([
      { step: 'a', to: 'Succeeded', reason: 'Memoized' },
      { step: 'b', to: 'Running' },
    ]);
  });

  it('runs where that is too old', () => {
    expect(withMemo(-60_000).starts).toEqual([{ step: 'a', attempt: 1 }]);
  });

  it('keeps its result when it has succeeded', () => {
    const world = aFlowWorld(spec);
    world.at(0);
    world.at(10_000);
    expect([...world.cluster.made]).toEqual([expect.stringMatching(/^configmaps\/zen-flow-memo-[a-z0-9]{16}$/)]);
  });
});
