import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { explain } from '../../../lib/selection/explain.ts';
import type { PodObservation } from '../../../lib/selection/observation.ts';
import { aPod, aService, observed, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

const check = 'http://:8008/primary';
const primary = { check, verdict: 'passing', role: 'primary' } as const;
const other = { check, verdict: 'passing', role: 'other' } as const;
const silent = { check, verdict: 'failing', detail: 'timeout' } as const;
let world: World;

/** Three Ready pods. pg-0 says that it is the primary, and leads since T0. */
function start(annotations: Record<string, string> = {}): void {
  world = new World();
  for (const name of ['pg-0', 'pg-1', 'pg-2']) world.setPod(aPod({ name }));
  annotate(annotations);
  say({ 'pg-0': primary, 'pg-1': other, 'pg-2': other });
  world.reconcile(T0);
}
const annotate = (annotations: Record<string, string>) =>
  world.setSource(aService({ 'role-check': check, ...annotations }));
const say = (pods: Readonly<Record<string, Partial<PodObservation>>>) => {
  world.observations = observed(pods);
};
const reconcile = (afterMs = 1_000) => world.reconcile(T0 + afterMs).decision;
const warnings = () => assess(world.snapshot(), T0 + 1_000).decision.warnings;
const warned = () => warnings().map(({ reason, value }) => `${reason} ${value}`);
const standings = () =>
  Object.fromEntries(explain(world.snapshot(), T0 + 1_000).pods.map(({ pod, standing }) => [pod.name, standing.kind]));

beforeEach(() => start());

describe('the pod that says that it is the primary', () => {
  it('is the first leader, although the strategy would choose another one', () => {
    world = new World();
    for (const name of ['pg-0', 'pg-1']) world.setPod(aPod({ name }));
    annotate({});
    say({ 'pg-0': other, 'pg-1': primary });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'RoleTaken', leader: { name: 'pg-1' } });
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'LeaderFit' });
  });

  it.each<[string, Record<string, string>]>([
    ['a sticky leader', {}],
    ['sticky false', { sticky: 'false' }],
    ['a pin on the leader', { 'pin-leader': 'pg-0' }],
    ['min-ready-duration', { 'min-ready-duration': '1h' }],
    ['failover-min-delay', { 'failover-min-delay': '1h' }],
    ['an unreadable strategy', { strategy: 'best' }],
  ])('is followed at once, beside %s', (_, annotations) => {
    start(annotations);
    say({ 'pg-0': other, 'pg-1': primary, 'pg-2': other });
    expect(reconcile(1)).toMatchObject({ kind: 'elected', reason: 'RoleTaken', leader: { name: 'pg-1' } });
  });

  it('is followed where the leader does not answer, is not Ready, or is gone', () => {
    say({ 'pg-0': silent, 'pg-1': primary });
    expect(reconcile()).toMatchObject({ reason: 'RoleTaken', leader: { name: 'pg-1' } });
    world.changePod('pg-1', { ready: false, readyChangedAt: T0 });
    say({ 'pg-0': silent, 'pg-2': primary });
    expect(reconcile()).toMatchObject({ reason: 'RoleTaken', leader: { name: 'pg-2' } });
  });

  it.each<[string, Parameters<World['changePod']>[1]]>([
    ['not Ready', { ready: false, readyChangedAt: T0 }],
    ['excluded', { exclude: 'true' }],
    ['terminating', { terminating: true }],
  ])('is not followed while it is %s', (_, change) => {
    world.changePod('pg-1', change);
    say({ 'pg-0': primary, 'pg-1': primary, 'pg-2': other });
    expect(warned()).toEqual([]);
    expect(reconcile()).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' } });
  });

  it('is waited for without a timer, because no wait plays a part', () => {
    start({ 'min-ready-duration': '10s', sticky: 'false' });
    for (const name of ['pg-1', 'pg-2']) world.changePod(name, { readyChangedAt: T0 });
    say({ 'pg-0': primary, 'pg-1': other, 'pg-2': other });
    expect(assess(world.snapshot(), T0 + 1_000).nextLookAt).toBeNull();
    world.deletePod('pg-0');
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoPrimary' });
    expect(assess(world.snapshot(), T0 + 1_000).nextLookAt).toBeNull();
  });

  it('is not followed while the Service is paused', () => {
    annotate({ paused: 'true' });
    say({ 'pg-0': other, 'pg-1': primary });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'Paused', leader: { name: 'pg-0' } });
  });

  it('needs no other reconcile, whatever time passes', () => {
    start({ 'min-ready-duration': '1h' });
    expect(assess(world.snapshot(), T0 + 1).nextLookAt).toBeNull();
  });

  it('is the only one that could lead', () => {
    expect(standings()).toEqual({ 'pg-0': 'leader', 'pg-1': 'notPrimary', 'pg-2': 'notPrimary' });
  });
});

describe('two pods that say that they are the primary', () => {
  it('leave the leader in place where it is one of them, and are named', () => {
    say({ 'pg-0': { ...primary, since: T0 - 9_000 }, 'pg-1': { ...primary, since: T0 }, 'pg-2': other });
    expect(warned()).toEqual(['TwoPrimaries pg-0,pg-1']);
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });

  it('yield to the newer claim where the leader is none of them, and do not flap', () => {
    say({ 'pg-0': other, 'pg-1': { ...primary, since: T0 - 9_000 }, 'pg-2': { ...primary, since: T0 } });
    expect(warned()).toEqual(['TwoPrimaries pg-1,pg-2']);
    expect(reconcile()).toMatchObject({ reason: 'RoleTaken', leader: { name: 'pg-2' } });
    say({ 'pg-0': other, 'pg-1': { ...primary, since: T0 + 5_000 }, 'pg-2': { ...primary, since: T0 } });
    expect(reconcile(6_000)).toMatchObject({ kind: 'kept', leader: { name: 'pg-2' } });
  });

  it('yield to the older pod where both claims are of one instant', () => {
    say({ 'pg-0': other, 'pg-2': { ...primary, since: T0 }, 'pg-1': { ...primary, since: T0 } });
    expect(reconcile()).toMatchObject({ leader: { name: 'pg-1' } });
  });

  it('yield to the claim that a clock that is far ahead did not date', () => {
    say({ 'pg-0': other, 'pg-1': { ...primary, since: T0 + 3_600_000 }, 'pg-2': { ...primary, since: T0 } });
    expect(reconcile()).toMatchObject({ leader: { name: 'pg-2' } });
  });
});

describe('a Service without a primary', () => {
  const none = { 'pg-0': other, 'pg-1': other, 'pg-2': other };

  it('routes to no pod by default', () => {
    say(none);
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoPrimary', leader: null });
    say({ ...none, 'pg-0': primary });
    expect(reconcile(2_000)).toMatchObject({ kind: 'elected', reason: 'RoleTaken', leader: { name: 'pg-0' } });
  });

  it('keeps the last leader with no-leader hold, with a Warning', () => {
    annotate({ 'no-leader': 'hold' });
    say(none);
    expect(warned()).toEqual(['NoPrimary pg-0']);
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'NoPrimary', leader: { name: 'pg-0' } });
    world.changePod('pg-0', { ready: false, readyChangedAt: T0 });
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'Held', leader: { name: 'pg-0' } });
    world.changePod('pg-0', { terminating: true });
    expect(reconcile(3_000)).toMatchObject({ kind: 'lost', reason: 'NoPrimary' });
  });

  it.each(['clear', 'hold'])('elects no pod that does not say so, also with no-leader %s', (noLeader) => {
    world = new World();
    world.setPod(aPod({ name: 'pg-0' }));
    annotate({ 'no-leader': noLeader });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoPrimary' });
    say({ 'pg-0': other });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoPrimary' });
  });

  it('routes to no pod where the leader hangs and the others are replicas', () => {
    say({ 'pg-0': silent, 'pg-1': other, 'pg-2': other });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoPrimary' });
  });

  it('keeps the leader while a pod that was not asked yet may be the primary (S11)', () => {
    say({ 'pg-0': other, 'pg-1': other });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });

  it('keeps the leader where no pod answers at all, with a Warning (S11)', () => {
    say({ 'pg-0': silent, 'pg-1': silent, 'pg-2': silent });
    expect(warned()).toEqual([`HealthCheckFailing ${check}`]);
    expect(warnings()[0]?.message).toContain('(timeout)');
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });

  it('says that no pod is there, or Ready, where that is why', () => {
    for (const name of ['pg-0', 'pg-1', 'pg-2']) world.changePod(name, { ready: false, readyChangedAt: T0 });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoReadyPods' });
  });
});

describe('what no bridge has seen', () => {
  it.each<[string, Record<string, Partial<PodObservation>>]>([
    ['no observation', {}],
    ['none of the leader', { 'pg-1': primary }],
    [
      'one by another check',
      { 'pg-0': { ...other, check: 'redis://:1' }, 'pg-1': { ...primary, check: 'redis://:1' } },
    ],
  ])('moves no leader (S11): %s', (_, pods) => {
    say(pods);
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });

  it.each([
    { 'health-check-interval': 'soon' },
    { 'role-check-send': '\\q' },
    { 'role-check-expect': '' },
    { 'role-check': 'http://:8008' },
  ])('moves no leader while a part of the check cannot be read: %j', (annotations) => {
    annotate(annotations);
    say({ 'pg-0': other, 'pg-1': primary, 'pg-2': other });
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });
});

describe('what a role check overrules', () => {
  it('is named, each by a Warning', () => {
    start({ 'pin-leader': 'pg-2', strategy: 'newest', 'health-check': 'tcp://:5432' });
    expect(warned()).toEqual([
      'RoleDecides zen-lead.io/health-check',
      'RoleDecides zen-lead.io/pin-leader',
      'RoleDecides zen-lead.io/strategy',
    ]);
    expect(reconcile()).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' } });
  });

  it('is not named where nothing else is asked for', () => {
    expect(warned()).toEqual([]);
  });
});
