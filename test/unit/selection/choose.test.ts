import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import type { PodView } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const names = ['pg-0', 'pg-1', 'pg-2'];

/** Three Ready pods, and a leader elected at T0: pg-0, the oldest. */
function start(annotations: Record<string, string> = {}, overrides = {}): void {
  world = new World();
  for (const name of names) world.setPod(aPod({ name }));
  world.setSource(aService(annotations, overrides));
  world.reconcile(T0);
}
const annotate = (annotations: Record<string, string>, overrides = {}) =>
  world.setSource(aService(annotations, overrides));
const reconcile = (afterMs = 1_000) => world.reconcile(T0 + afterMs).decision;
const lookAgainAt = (afterMs: number) => assess(world.snapshot(), T0 + afterMs).nextLookAt;
const notReady = (name: string, atMs = 0) => world.changePod(name, { ready: false, readyChangedAt: T0 + atMs });
const routedTo = () => world.slice('postgres-leader-ipv4')?.spec?.endpoints[0]?.addresses[0];

/** A pod as a client leaves it that writes no lastTransitionTime. */
function withoutReadyTime(overrides: Partial<PodView> & { readonly name: string }): PodView {
  const { readyChangedAt: _, ...pod } = aPod(overrides);
  return pod;
}

beforeEach(() => start());

describe('a leader that stops being fit', () => {
  it('a leader that stops being fit is left with LeaderPortUnresolved when the Service names a port that it lacks', () => {
    start({}, { ports: [{ name: '', protocol: 'TCP', port: 5432, targetPort: 'pg' }] });
    world.changePod('pg-0', { ports: [] });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderPortUnresolved', leader: { name: 'pg-1' } });
  });

  it('a leader that stops being fit is left at once, whatever failover-min-delay says, when another pod may have its address', () => {
    start({ 'failover-min-delay': '30s' });
    world.changePod('pg-0', { ready: false, readyChangedAt: T0, ips: ['10.0.0.99'] });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderNotReady', leader: { name: 'pg-1' } });
  });

  it('a leader that stops being fit has its grace counted from its creation where Ready carries no time', () => {
    start({ 'failover-min-delay': '30s' });
    world.setPod(withoutReadyTime({ name: 'pg-0', ready: false, createdAt: T0 - 20_000 }));
    expect(reconcile(9_999)).toMatchObject({ reason: 'FailoverDelayed' });
    expect(reconcile(10_000)).toMatchObject({ reason: 'LeaderNotReady' });
  });

  it('a leader that stops being fit has no grace without failover-min-delay, also when a clock that is ahead says when Ready changed', () => {
    notReady('pg-0', 60_000);
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderNotReady' });
  });

  it('has no grace without failover-min-delay, also when that clock is ahead by a second', () => {
    notReady('pg-0', 2_000);
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderNotReady' });
  });

  it('a leader that stops being fit is left without grace where a clock that is ahead says when Ready changed', () => {
    annotate({ 'failover-min-delay': '30s' });
    notReady('pg-0', 3_600_000);
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderNotReady' });
  });

  it('keeps its grace where that clock is ahead by no more than clocks differ', () => {
    annotate({ 'failover-min-delay': '30s' });
    notReady('pg-0', 6_000);
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'FailoverDelayed' });
  });

  it('a leader that stops being fit has a grace of a millisecond', () => {
    annotate({ 'failover-min-delay': '1ms' });
    notReady('pg-0', 1_000);
    expect(reconcile(1_000)).toMatchObject({ reason: 'FailoverDelayed' });
    expect(reconcile(1_001)).toMatchObject({ reason: 'LeaderNotReady' });
  });
});

describe('a paused leader', () => {
  it('a paused leader that is fit is followed to its new address', () => {
    annotate({ paused: 'true' });
    world.changePod('pg-0', { ips: ['10.0.0.99'] });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'Paused' });
    expect(routedTo()).toBe('10.0.0.99');
  });

  it('a paused leader is not kept when the source has moved to a family that it has no address of', () => {
    annotate({ paused: 'true' }, { ipFamilies: ['IPv6'] });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'Paused' });
  });
});

describe('without stickiness', () => {
  it('keeps a leader before pods that the strategy prefers and that are not fit', () => {
    notReady('pg-0');
    reconcile();
    annotate({ sticky: 'false' });
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-1' } });
    world.changePod('pg-0', { ready: true, readyChangedAt: T0 });
    expect(reconcile(3_000)).toMatchObject({ kind: 'elected', reason: 'Preferred', leader: { name: 'pg-0' } });
  });

  it('keeps a leader that has not been Ready for min-ready-duration, and sets no timer for it', () => {
    annotate({ sticky: 'false', 'min-ready-duration': '10s' });
    world.changePod('pg-0', { readyChangedAt: T0 });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } });
    expect(lookAgainAt(1_000)).toBeNull();
  });

  it.each([
    ['node-aware', { nodeName: 'elsewhere' }],
    ['zone-aware', { zone: 'elsewhere' }],
  ] as const)('%s does not move a fit leader to another node or zone', (strategy, place) => {
    for (const name of ['pg-1', 'pg-2']) world.changePod(name, place);
    annotate({ sticky: 'false', strategy });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });

  it.each(['node-aware', 'zone-aware'])('%s sets no timer for pods that would not take over', (strategy) => {
    annotate({ sticky: 'false', strategy, 'min-ready-duration': '10s' });
    world.changePod('pg-2', { readyChangedAt: T0 });
    expect(lookAgainAt(1_000)).toBeNull();
  });
});

describe('fitness', () => {
  const alone = (pod: PodView, annotations: Record<string, string> = {}) => {
    world = new World();
    world.setPod(pod);
    annotate(annotations);
  };

  it('asks for a pod that runs, whatever its Ready condition says', () => {
    alone(aPod({ name: 'pg-0', phase: 'Pending' }));
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoReadyPods' });
    alone(aPod({ name: 'pg-0', phase: 'Unknown' }));
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoReadyPods' });
  });

  it('finds no pods where only the last leader is left, without the label', () => {
    alone(aPod({ name: 'pg-0' }));
    reconcile();
    world.changePod('pg-0', { labels: {} });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoPodsFound' });
  });

  it('counts min-ready-duration from the creation of a pod whose Ready carries no time', () => {
    alone(withoutReadyTime({ name: 'pg-0', createdAt: T0 }), { 'min-ready-duration': '10s' });
    expect(reconcile(9_999)).toMatchObject({ reason: 'WaitingForMinReady' });
    expect(reconcile(10_000)).toMatchObject({ kind: 'elected' });
  });

  it('waits for nothing without min-ready-duration, also when a clock that is ahead says when Ready changed', () => {
    alone(aPod({ name: 'pg-0', readyChangedAt: T0 + 60_000 }));
    expect(reconcile()).toMatchObject({ kind: 'elected' });
  });

  it('waits for nothing without min-ready-duration, also when that clock is ahead by a second', () => {
    alone(aPod({ name: 'pg-0', readyChangedAt: T0 + 2_000 }));
    expect(reconcile()).toMatchObject({ kind: 'elected' });
  });

  it('counts min-ready-duration from the creation where a clock that is ahead says when Ready changed', () => {
    const claims = { createdAt: T0 - 5_000, readyChangedAt: T0 + 600_000 };
    alone(aPod({ name: 'pg-0', ...claims }), { 'min-ready-duration': '10s' });
    expect(reconcile(4_999)).toMatchObject({ reason: 'WaitingForMinReady' });
    expect(lookAgainAt(4_999)).toBe(T0 + 5_000);
    expect(reconcile(5_000)).toMatchObject({ kind: 'elected' });
  });

  it('waits for nothing where every instant of a pod lies ahead', () => {
    const claims = { createdAt: T0 + 3_600_000, readyChangedAt: T0 + 3_600_000 };
    alone(aPod({ name: 'pg-0', ...claims }), { 'min-ready-duration': '10s' });
    expect(reconcile(0)).toMatchObject({ kind: 'elected' });
  });

  it.each([
    ['counts from an instant that is ahead by as much as clocks may differ', 5_000, 'WaitingForMinReady'],
    ['does not count from an instant that is a millisecond further ahead', 5_001, 'FirstLeader'],
  ])('%s', (_, aheadMs, reason) => {
    alone(aPod({ name: 'pg-0', readyChangedAt: T0 + aheadMs }), { 'min-ready-duration': '10s' });
    expect(reconcile(0)).toMatchObject({ reason });
  });

  it.each([
    ['counts from a creation that is ahead by as much as clocks may differ', 5_000, 'WaitingForMinReady'],
    ['does not count from a creation that is a millisecond further ahead', 5_001, 'FirstLeader'],
  ])('%s', (_, aheadMs, reason) => {
    alone(withoutReadyTime({ name: 'pg-0', createdAt: T0 + aheadMs }), { 'min-ready-duration': '10s' });
    expect(reconcile(0)).toMatchObject({ reason });
  });

  it('waits for a min-ready-duration of a millisecond', () => {
    alone(aPod({ name: 'pg-0', readyChangedAt: T0 + 1_000 }), { 'min-ready-duration': '1ms' });
    expect(reconcile(1_000)).toMatchObject({ reason: 'WaitingForMinReady' });
    expect(reconcile(1_001)).toMatchObject({ kind: 'elected' });
  });
});

describe('the next reconcile', () => {
  const minReady = { 'min-ready-duration': '10s' };
  /** pg-1 and pg-2 become eligible 14 s and 12 s after T0. */
  const rivalsWait = () => {
    world.changePod('pg-1', { readyChangedAt: T0 + 4_000 });
    world.changePod('pg-2', { readyChangedAt: T0 + 2_000 });
  };

  it('the next reconcile is due when the first of several pods becomes eligible', () => {
    annotate({ ...minReady, sticky: 'false' });
    rivalsWait();
    expect(lookAgainAt(5_000)).toBe(T0 + 12_000);
  });

  it('the next reconcile is due for the others once the first has become eligible', () => {
    annotate({ ...minReady, sticky: 'false' });
    rivalsWait();
    expect(lookAgainAt(12_000)).toBe(T0 + 14_000);
    expect(lookAgainAt(14_000)).toBeNull();
  });

  it('the next reconcile is due for a pod that may take over from one that is held', () => {
    annotate({ ...minReady, 'no-leader': 'hold' });
    rivalsWait();
    notReady('pg-0');
    expect(reconcile(5_000)).toMatchObject({ reason: 'Held' });
    expect(lookAgainAt(5_000)).toBe(T0 + 12_000);
  });

  it('the next reconcile is due when the grace begins of a pod that is held and says that it stopped being Ready in the future', () => {
    annotate({ 'no-leader': 'hold', 'failover-min-delay': '10s' });
    for (const name of ['pg-1', 'pg-2']) world.deletePod(name);
    notReady('pg-0', 60_000);
    expect(reconcile(5_000)).toMatchObject({ reason: 'Held' });
    expect(lookAgainAt(5_000)).toBe(T0 + 55_000);
    expect(reconcile(55_000)).toMatchObject({ reason: 'FailoverDelayed' });
    annotate({ 'no-leader': 'hold', 'failover-min-delay': '1ms' });
    expect(lookAgainAt(5_000)).toBe(T0 + 55_000);
    annotate({ 'no-leader': 'hold' });
    expect(lookAgainAt(5_000)).toBeNull();
  });

  it('is not due for a fit leader, whatever instant in the future it claims', () => {
    annotate({ 'failover-min-delay': '10s' });
    world.changePod('pg-0', { readyChangedAt: T0 + 60_000 });
    expect(lookAgainAt(5_000)).toBeNull();
  });

  it('is not due where no pod is left that could rise', () => {
    annotate({ 'failover-min-delay': '10s' });
    for (const name of names) world.changePod(name, { ready: false, readyChangedAt: T0 + 60_000, terminating: true });
    expect(lookAgainAt(5_000)).toBeNull();
  });

  it('is not due for pods that are not Ready, which hold elects as little', () => {
    annotate({ ...minReady, 'no-leader': 'hold' });
    for (const name of names) world.changePod(name, { ready: false, readyChangedAt: T0 });
    world.deletePod('pg-0');
    expect(reconcile(5_000)).toMatchObject({ kind: 'lost', reason: 'NoReadyPods' });
    expect(lookAgainAt(5_000)).toBeNull();
  });

  it('the next reconcile is due for a waiting pod that is pinned, and for no other one', () => {
    annotate({ ...minReady, 'pin-leader': 'pg-1' });
    rivalsWait();
    expect(reconcile(5_000)).toMatchObject({ reason: 'LeaderFit', leader: { name: 'pg-0' } });
    expect(lookAgainAt(5_000)).toBe(T0 + 14_000);
  });

  it.each([
    ['the leader is sticky', {}],
    ['the Service is paused', { paused: 'true', sticky: 'false' }],
    ['the leader is pinned', { 'pin-leader': 'pg-0', sticky: 'false' }],
    ['something cannot be read', { 'pin-leader': 'pg-1', sticky: 'maybe' }],
  ])('the next reconcile is not due for waiting pods while %s', (_, annotations) => {
    annotate({ ...minReady, ...annotations });
    rivalsWait();
    expect(lookAgainAt(5_000)).toBeNull();
  });

  it('the next reconcile is not due for a pod that is not fit', () => {
    annotate({ ...minReady, sticky: 'false' });
    world.changePod('pg-1', { ready: false, readyChangedAt: T0 + 4_000 });
    expect(lookAgainAt(5_000)).toBeNull();
  });

  it('the next reconcile is not due where nothing is decided: opted out, refused, or a source that selects no pods', () => {
    annotate({ enabled: 'false', ...minReady });
    expect(lookAgainAt(0)).toBeNull();
    annotate({ ...minReady, sticky: 'false' }, { selector: null });
    rivalsWait();
    expect(lookAgainAt(5_000)).toBeNull();
  });
});
