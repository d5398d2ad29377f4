import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { explain } from '../../../lib/selection/explain.ts';
import type { PodObservation } from '../../../lib/selection/observation.ts';
import { aPod, aService, observed, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const failing = { verdict: 'failing', since: T0, detail: 'timeout' } as const;
const passing = { verdict: 'passing' } as const;

/** Three Ready pods, and a leader elected at T0: pg-0, the oldest. */
function start(annotations: Record<string, string> = {}): void {
  world = new World();
  for (const name of ['pg-0', 'pg-1', 'pg-2']) world.setPod(aPod({ name }));
  annotate(annotations);
  world.reconcile(T0);
}
const annotate = (annotations: Record<string, string>) =>
  world.setSource(aService({ 'health-check': 'tcp://:5432', ...annotations }));
const observe = (pods: Readonly<Record<string, Partial<PodObservation>>>) => {
  world.observations = observed(pods);
};
const reconcile = (afterMs = 1_000) => world.reconcile(T0 + afterMs).decision;
const lookAgainAt = (afterMs: number) => assess(world.snapshot(), T0 + afterMs).nextLookAt;
const notReady = (name: string) => world.changePod(name, { ready: false, readyChangedAt: T0 });
const warned = (afterMs = 1_000) =>
  assess(world.snapshot(), T0 + afterMs).decision.warnings.map(({ reason }) => reason);
const standings = () =>
  Object.fromEntries(explain(world.snapshot(), T0 + 1_000).pods.map(({ pod, standing }) => [pod.name, standing]));

beforeEach(() => start());

describe('a leader that fails its check', () => {
  it('a failing leader is left for a pod that passes', () => {
    observe({ 'pg-0': failing, 'pg-1': passing, 'pg-2': passing });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderUnhealthy', leader: { name: 'pg-1' } });
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-1' } });
  });

  it('a failing leader is left for the first pod that passes, not for the first one', () => {
    observe({ 'pg-0': failing, 'pg-1': failing, 'pg-2': passing });
    expect(reconcile()).toMatchObject({ reason: 'LeaderUnhealthy', leader: { name: 'pg-2' } });
  });

  it.each(['clear', 'hold'])('a failing leader stays, with a Warning, while no pod passes: %s', (noLeader) => {
    annotate({ 'no-leader': noLeader });
    observe({ 'pg-0': failing, 'pg-1': failing, 'pg-2': failing });
    expect(warned()).toContain('HealthCheckFailing');
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'AllUnhealthy', leader: { name: 'pg-0' } });
  });

  it('a failing leader is kept while the others have no verdict yet (S10)', () => {
    observe({ 'pg-0': failing });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'AllUnhealthy' });
    expect(standings()).toMatchObject({ 'pg-1': { kind: 'unjudged' }, 'pg-2': { kind: 'unjudged' } });
  });

  it('a failing leader is kept until another pod has passed for min-ready-duration', () => {
    annotate({ 'min-ready-duration': '10s' });
    observe({ 'pg-0': failing, 'pg-1': { ...passing, since: T0 - 4_000 }, 'pg-2': failing });
    expect(reconcile()).toMatchObject({ reason: 'AllUnhealthy' });
    expect(lookAgainAt(1_000)).toBe(T0 + 6_000);
    expect(reconcile(5_999)).toMatchObject({ reason: 'AllUnhealthy' });
    expect(reconcile(6_000)).toMatchObject({ reason: 'LeaderUnhealthy', leader: { name: 'pg-1' } });
  });

  it('failover-min-delay is counted from the verdict on the leader', () => {
    annotate({ 'failover-min-delay': '10s' });
    observe({ 'pg-0': failing, 'pg-1': passing });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'FailoverDelayed' });
    expect(lookAgainAt(1_000)).toBe(T0 + 10_000);
    expect(reconcile(10_000)).toMatchObject({ reason: 'LeaderUnhealthy' });
  });

  it('a failing leader has no grace where a clock that is ahead says when it failed', () => {
    annotate({ 'failover-min-delay': '10s' });
    observe({ 'pg-0': { ...failing, since: T0 + 3_600_000 }, 'pg-1': passing });
    expect(reconcile()).toMatchObject({ reason: 'LeaderUnhealthy' });
  });

  it('a pause keeps a failing leader, also at another address', () => {
    annotate({ paused: 'true' });
    observe({ 'pg-0': failing, 'pg-1': passing });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'Paused', leader: { name: 'pg-0' } });
    world.changePod('pg-0', { ips: ['10.0.0.99'] });
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'Paused', leader: { name: 'pg-0' } });
    expect(world.slice('postgres-leader-ipv4')?.spec?.endpoints[0]?.addresses).toEqual(['10.0.0.99']);
  });

  it('a failing leader is left although it is pinned, and leads again once it passes', () => {
    annotate({ 'pin-leader': 'pg-0' });
    observe({ 'pg-0': failing, 'pg-1': passing });
    expect(reconcile()).toMatchObject({ reason: 'LeaderUnhealthy', leader: { name: 'pg-1' } });
    observe({ 'pg-0': passing, 'pg-1': passing });
    expect(reconcile(2_000)).toMatchObject({ reason: 'Pinned', leader: { name: 'pg-0' } });
  });

  it.each([
    { 'health-check-interval': '1ms' },
    { 'health-check-timeout': 'soon' },
    { 'health-check-failure-threshold': '0' },
    { 'health-check-success-threshold': 'many' },
  ])('a leader stays while a setting of its check cannot be read: %j', (annotations) => {
    annotate(annotations);
    observe({ 'pg-0': failing, 'pg-1': passing });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });

  it('a leader that is not Ready is left also while a setting of its check cannot be read', () => {
    annotate({ 'health-check-interval': '1ms' });
    notReady('pg-0');
    observe({ 'pg-1': passing });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderNotReady', leader: { name: 'pg-1' } });
  });

  it('a leader stays where its check cannot be read', () => {
    annotate({ 'health-check': 'tcp' });
    world.observations = observed({ 'pg-0': { ...failing, check: 'tcp' }, 'pg-1': { ...passing, check: 'tcp' } });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit' });
  });

  it('a failing leader is distinguished from one that is not Ready', () => {
    notReady('pg-0');
    observe({ 'pg-0': failing, 'pg-1': passing });
    expect(reconcile()).toMatchObject({ reason: 'LeaderNotReady', leader: { name: 'pg-1' } });
  });
});

describe('candidates', () => {
  it('a candidate that fails its check is passed over', () => {
    notReady('pg-0');
    observe({ 'pg-0': failing, 'pg-1': failing, 'pg-2': passing });
    expect(standings()).toMatchObject({ 'pg-1': { kind: 'unfit', why: 'unhealthy' } });
    expect(reconcile()).toMatchObject({ reason: 'LeaderNotReady', leader: { name: 'pg-2' } });
  });

  it('a candidate without a verdict is passed over', () => {
    world.deletePod('pg-0');
    observe({ 'pg-2': passing });
    expect(reconcile()).toMatchObject({ reason: 'LeaderGone', leader: { name: 'pg-2' } });
  });

  it('a pinned candidate is chosen once it passes', () => {
    annotate({ 'pin-leader': 'pg-2' });
    observe({ 'pg-0': passing });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit' });
    observe({ 'pg-0': passing, 'pg-2': passing });
    expect(reconcile(2_000)).toMatchObject({ reason: 'Pinned', leader: { name: 'pg-2' } });
  });
});

describe('without a leader', () => {
  it('no pod is chosen while every Ready one fails', () => {
    world.deletePod('pg-0');
    notReady('pg-2');
    observe({ 'pg-1': failing });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoHealthyPods' });
    observe({ 'pg-1': passing });
    expect(reconcile(2_000)).toMatchObject({ kind: 'elected', leader: { name: 'pg-1' } });
  });

  it('no pod is chosen before the only Ready one has a verdict, and the reason is the check', () => {
    world.deletePod('pg-0');
    notReady('pg-2');
    observe({ 'pg-2': passing });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoHealthyPods' });
  });

  it('no pod is chosen before a first verdict where another pod fails', () => {
    annotate({ 'no-leader': 'hold' });
    world.deletePod('pg-0');
    observe({ 'pg-1': failing });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoHealthyPods' });
  });

  it('the first Ready pod is the last resort of no-leader hold, and stays', () => {
    annotate({ 'no-leader': 'hold' });
    world.deletePod('pg-0');
    observe({ 'pg-1': failing, 'pg-2': failing });
    expect(warned()).toContain('HealthCheckFailing');
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LastResort', leader: { name: 'pg-1' } });
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'AllUnhealthy', leader: { name: 'pg-1' } });
    observe({ 'pg-1': failing, 'pg-2': passing });
    expect(reconcile(3_000)).toMatchObject({ reason: 'LeaderUnhealthy', leader: { name: 'pg-2' } });
  });

  it('a last resort is preferred to a held leader that is not Ready', () => {
    annotate({ 'no-leader': 'hold' });
    notReady('pg-0');
    observe({ 'pg-0': failing, 'pg-1': failing, 'pg-2': failing });
    expect(reconcile()).toMatchObject({ reason: 'LastResort', leader: { name: 'pg-1' } });
  });

  it('a last resort waits for min-ready-duration, and the next reconcile is due then', () => {
    annotate({ 'no-leader': 'hold', 'min-ready-duration': '10s' });
    world.deletePod('pg-0');
    world.deletePod('pg-2');
    world.changePod('pg-1', { readyChangedAt: T0 });
    observe({ 'pg-1': failing });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoHealthyPods' });
    expect(lookAgainAt(1_000)).toBe(T0 + 10_000);
    expect(reconcile(10_000)).toMatchObject({ reason: 'LastResort', leader: { name: 'pg-1' } });
  });

  it('a pod that passes waits for min-ready-duration by that name', () => {
    annotate({ 'min-ready-duration': '10s' });
    for (const name of ['pg-0', 'pg-2']) world.deletePod(name);
    observe({ 'pg-1': { ...passing, since: T0 } });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'WaitingForMinReady' });
    expect(lookAgainAt(1_000)).toBe(T0 + 10_000);
  });
});

describe('where no bridge reports a verdict (S11)', () => {
  it.each([{ sticky: 'false' }, { 'pin-leader': 'pg-0' }])('a fit leader stays with %j', (annotations) => {
    annotate(annotations);
    observe({ 'pg-0': failing, 'pg-1': passing });
    expect(reconcile()).toMatchObject({ reason: 'LeaderUnhealthy', leader: { name: 'pg-1' } });
    // A hint, or a bridge that has just started.
    world.observations = undefined;
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-1' } });
    expect(lookAgainAt(2_000)).toBeNull();
    observe({ 'pg-0': passing, 'pg-1': passing });
    expect(reconcile(3_000)).toMatchObject({ kind: 'elected', leader: { name: 'pg-0' } });
  });

  it('no timer is set for a pod that waits for min-ready-duration', () => {
    annotate({ 'pin-leader': 'pg-1', 'min-ready-duration': '10s' });
    world.changePod('pg-1', { readyChangedAt: T0 });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit' });
    expect(lookAgainAt(1_000)).toBeNull();
  });
});

describe('verdicts that are ignored', () => {
  it('candidates are chosen on Ready alone where no bridge runs the check', () => {
    notReady('pg-0');
    world.observations = undefined;
    expect(reconcile()).toMatchObject({ reason: 'LeaderNotReady', leader: { name: 'pg-1' } });
  });

  it('verdicts count for nothing where the check is another one by now', () => {
    observe({ 'pg-0': failing, 'pg-1': passing });
    annotate({ 'health-check': 'tcp://:5433' });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit' });
  });
});
