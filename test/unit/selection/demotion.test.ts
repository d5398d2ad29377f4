import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { BUDGET_MS, CLAIM_MS, type Demotion, formatDemotion, parseDemotion } from '../../../lib/selection/demotion.ts';
import { explain } from '../../../lib/selection/explain.ts';
import type { Write } from '../../../lib/selection/write.ts';
import { aPod, aService, observed, T0, uidOf } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;

/** Three Ready pods, and a leader elected at T0: pg-0, the oldest. */
function start(annotations: Record<string, string> = {}): void {
  world = new World();
  for (const name of ['pg-0', 'pg-1', 'pg-2']) world.setPod(aPod({ name }));
  annotate(annotations);
  world.reconcile(T0);
}
const annotate = (annotations: Record<string, string>) =>
  world.setSource(aService({ 'on-demote': 'evict', ...annotations }));
const setReady = (name: string, ready: boolean) => world.changePod(name, { ready, readyChangedAt: T0 });
const leaveWith = (mode: string) => {
  annotate({ 'on-demote': mode });
  setReady('pg-0', false);
};
const ordersOf = (writes: readonly Write[]) =>
  writes.flatMap((write) => (write.kind === 'patch' && write.demotes !== undefined ? [write.demotes] : []));
const reconcile = (afterMs = 1_000) => {
  const { decision, writes } = world.reconcile(T0 + afterMs);
  return { leader: decision.leader?.name, reason: decision.reason, orders: ordersOf(writes) };
};
const recorded = () => parseDemotion(world.slice('postgres-leader-ipv4')?.annotations['zen-lead.io/demotion']);
const record = (change: Partial<Demotion>) => {
  const demotion = recorded();
  if (demotion === null) throw new Error('no demotion is recorded');
  const annotations = { 'zen-lead.io/demotion': formatDemotion({ ...demotion, ...change }) };
  world.edit('endpointslices', 'postgres-leader-ipv4', { metadata: { annotations } });
};
const warned = (afterMs: number) =>
  assess(world.snapshot(), T0 + afterMs).decision.warnings.map(({ reason }) => reason);

beforeEach(() => start());

describe('what orders a demotion', () => {
  it('the election that leaves a pod that is not Ready orders its eviction, in one write', () => {
    setReady('pg-0', false);
    expect(reconcile()).toEqual({
      leader: 'pg-1',
      reason: 'LeaderNotReady',
      orders: [{ mode: 'evict', demotion: recorded() }],
    });
    expect(recorded()).toMatchObject({ pod: 'pg-0', uid: uidOf('pg-0'), at: T0 + 1_000, tries: 1, state: 'pending' });
    expect(recorded()?.epoch).toBe(Number(world.slice('postgres-leader-ipv4')?.annotations['zen-lead.io/epoch']));
  });

  it('an unhealthy leader is ended, as on-demote says', () => {
    annotate({ 'on-demote': 'delete', 'health-check': 'tcp://:5432' });
    world.observations = observed({ 'pg-0': { verdict: 'failing' }, 'pg-1': {}, 'pg-2': {} });
    expect(reconcile()).toMatchObject({ reason: 'LeaderUnhealthy', orders: [{ mode: 'delete' }] });
  });

  it.each([
    ['other', 1],
    ['primary', 0],
  ] as const)('a pod whose role was taken is ended where it says %s itself', (role, orders) => {
    const check = 'redis://:6379';
    world = new World();
    for (const name of ['pg-0', 'pg-1']) world.setPod(aPod({ name }));
    annotate({ 'role-check': check });
    world.observations = observed({ 'pg-0': { check, role: 'primary' }, 'pg-1': { check, role: 'other' } });
    world.reconcile(T0);
    world.observations = observed({ 'pg-0': { check, role }, 'pg-1': { check, role: 'primary' } });
    if (role === 'primary') world.changePod('pg-0', { exclude: 'true' });
    expect(reconcile()).toMatchObject({ leader: 'pg-1', reason: 'RoleTaken' });
    expect(recorded() === null ? 0 : 1).toBe(orders);
  });

  it.each([
    ['it terminates', () => world.changePod('pg-0', { terminating: true })],
    ['it is excluded', () => world.changePod('pg-0', { exclude: 'true' })],
    ['it has finished', () => world.changePod('pg-0', { phase: 'Failed', ready: false })],
    ['it is gone', () => world.deletePod('pg-0')],
    ['another one is pinned', () => annotate({ 'pin-leader': 'pg-2' })],
    ['the strategy prefers another one', () => annotate({ sticky: 'false', strategy: 'newest' })],
    ['on-demote is none', () => leaveWith('none')],
    ['on-demote cannot be read', () => leaveWith('kill')],
  ])('a pod that was left is not ended: %s', (_, change) => {
    change();
    expect(reconcile()).toMatchObject({ leader: expect.stringMatching(/^pg-[12]$/), orders: [] });
    expect(recorded()).toBeNull();
  });

  it('a leader that is left for no other pod is not ended', () => {
    for (const name of ['pg-0', 'pg-1', 'pg-2']) setReady(name, false);
    expect(reconcile()).toMatchObject({ leader: undefined, orders: [] });
    setReady('pg-1', true);
    expect(reconcile(2_000)).toMatchObject({ reason: 'FirstLeader', orders: [] });
  });

  it('one pod a minute: the next one stays, and a Warning says so', () => {
    setReady('pg-0', false);
    reconcile();
    record({ state: 'done' });
    setReady('pg-1', false);
    expect(reconcile(BUDGET_MS)).toMatchObject({ leader: 'pg-2', orders: [] });
    expect(warned(BUDGET_MS + 1)).toEqual(['DemotionSkipped']);
    setReady('pg-0', true);
    setReady('pg-2', false);
    expect(reconcile(1_000 + BUDGET_MS)).toMatchObject({ leader: 'pg-0', orders: [{ demotion: { pod: 'pg-2' } }] });
    expect(warned(1_001 + BUDGET_MS)).toEqual([]);
  });

  it('a demotion that a clock far ahead recorded does not use up the budget', () => {
    setReady('pg-0', false);
    reconcile();
    record({ state: 'done', at: T0 + 3_600_000 });
    setReady('pg-1', false);
    expect(reconcile(2_000)).toMatchObject({ orders: [{ demotion: { pod: 'pg-1' } }] });
  });
});

describe('a demotion that is pending', () => {
  beforeEach(() => {
    setReady('pg-0', false);
    reconcile();
    setReady('pg-0', true);
  });

  it('its pod may not lead, not even where no other one can', () => {
    setReady('pg-1', false);
    setReady('pg-2', false);
    expect(reconcile(2_000)).toMatchObject({ leader: undefined, reason: 'NoReadyPods' });
    const standings = explain(world.snapshot(), T0 + 2_000).pods.map(({ pod, standing }) => [pod.name, standing]);
    expect(Object.fromEntries(standings)).toMatchObject({ 'pg-0': { kind: 'unfit', why: 'demoted' } });
  });

  it('its pod may lead once the API server has answered', () => {
    record({ state: 'refused', why: 'a budget' });
    setReady('pg-1', false);
    expect(reconcile(2_000)).toMatchObject({ leader: 'pg-0', orders: [] });
  });

  it('is left to the function that claimed it, until the claim is over', () => {
    expect(reconcile(CLAIM_MS)).toMatchObject({ orders: [] });
    expect(assess(world.snapshot(), T0 + 2_000).nextLookAt).toBe(T0 + 1_000 + CLAIM_MS);
    expect(reconcile(1_000 + CLAIM_MS)).toMatchObject({ orders: [{ demotion: { pod: 'pg-0', tries: 2 } }] });
    expect(recorded()).toMatchObject({ tries: 2, at: T0 + 1_000 + CLAIM_MS, state: 'pending' });
  });

  it('is claimed again while its source is being deleted, or its pod could not lead until the end', () => {
    world.setSource(aService({ 'on-demote': 'evict' }, { terminating: true }));
    expect(reconcile(1_000 + CLAIM_MS)).toMatchObject({ orders: [{ demotion: { pod: 'pg-0', tries: 2 } }] });
    record({ tries: 3 });
    expect(reconcile(2_000 + 2 * CLAIM_MS)).toMatchObject({ orders: [] });
    expect(recorded()).toMatchObject({ state: 'refused' });
    expect(assess(world.snapshot(), T0 + 3 * CLAIM_MS)).toMatchObject({ writes: [], nextLookAt: null });
  });

  it('is claimed again at once where its instant comes from a clock far ahead', () => {
    record({ at: T0 + 3_600_000 });
    expect(reconcile(2_000)).toMatchObject({ orders: [{ demotion: { pod: 'pg-0', at: T0 + 2_000 } }] });
  });

  it('is given up after three claims without an answer, with a Warning', () => {
    record({ tries: 3 });
    expect(reconcile(1_000 + CLAIM_MS)).toMatchObject({ orders: [] });
    expect(recorded()).toMatchObject({ state: 'refused', why: 'the API server gave no answer' });
    expect(warned(2_000 + CLAIM_MS)).toEqual(['DemotionRefused']);
  });

  it('is settled where the pod terminates or is gone', () => {
    world.changePod('pg-0', { terminating: true });
    expect(reconcile(2_000)).toMatchObject({ orders: [] });
    expect(recorded()).toMatchObject({ state: 'done' });
  });

  it('is dropped where the user takes on-demote back', () => {
    annotate({ 'on-demote': 'none' });
    expect(reconcile(1_000 + CLAIM_MS)).toMatchObject({ orders: [] });
    expect(recorded()).toMatchObject({ state: 'dropped' });
  });

  it.each(['it would violate the budget', 'it would violate the budget.'])(
    'is refused: a Warning says what Kubernetes said (%j), at that epoch only',
    (why) => {
      record({ state: 'refused', why });
      const { warnings } = assess(world.snapshot(), T0 + 2_000).decision;
      expect(warnings).toEqual([
        {
          reason: 'DemotionRefused',
          value: 'pg-0',
          message: 'Pod "pg-0", which was left, stays: it would violate the budget.',
        },
      ]);
      annotate({ 'pin-leader': 'pg-2' });
      reconcile(3_000);
      expect(warned(4_000)).toEqual([]);
    },
  );
});

it.each(['', 'null', '[]', '{}', '{"pod":1}', '{"pod":"a","uid":"u","epoch":-1,"at":1,"tries":1,"state":"done"}'])(
  'a demotion that cannot be read counts as none: %s',
  (text) => {
    expect(parseDemotion(text)).toBeNull();
  },
);
