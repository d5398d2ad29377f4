import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import type { NodeObservation } from '../../../lib/selection/observation.ts';
import type { PodView } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, observed, observedNodes, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const silent = { verdict: 'silent', since: T0 } as const;
const alive = {};
const cordoned = { cordoned: true };
const unfit = { condition: 'KernelDeadlock', since: T0 };

function withoutZone({ zone: _, ...pod }: PodView): PodView {
  return pod;
}

/** Three Ready pods, `pg-N` on `node-N`, and a leader elected at T0: pg-0, the oldest. */
function start(annotations: Record<string, string> = {}): void {
  world = new World();
  for (const name of ['pg-0', 'pg-1', 'pg-2']) world.setPod(aPod({ name }));
  world.setSource(aService(annotations));
  world.reconcile(T0);
}
const annotate = (annotations: Record<string, string>) => world.setSource(aService(annotations));
const observe = (...nodes: readonly Partial<NodeObservation>[]) => {
  world.observations = observedNodes(Object.fromEntries(nodes.map((node, index) => [`node-${index}`, node])));
};
const reconcile = (afterMs = 1_000) => world.reconcile(T0 + afterMs).decision;
const lookAgainAt = (afterMs: number) => assess(world.snapshot(), T0 + afterMs).nextLookAt;
const warned = () => assess(world.snapshot(), T0 + 1_000).decision.warnings.map(({ reason }) => reason);
const stays = { kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } };

beforeEach(() => start());

describe('a leader on a silent node', () => {
  it('is left for a pod on a node that is not silent', () => {
    observe(silent, alive, alive);
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderNodeSilent', leader: { name: 'pg-1' } });
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-1' } });
  });

  it('is left for the first pod on a better node, not for the first pod', () => {
    observe(silent, silent, alive);
    expect(reconcile()).toMatchObject({ reason: 'LeaderNodeSilent', leader: { name: 'pg-2' } });
  });

  it('is left for a pod on a cordoned node', () => {
    observe(silent, cordoned, silent);
    expect(reconcile()).toMatchObject({ reason: 'LeaderNodeSilent', leader: { name: 'pg-1' } });
  });

  it.each(['clear', 'hold'])('stays, with a Warning, while every node is silent: no-leader %s', (noLeader) => {
    annotate({ 'no-leader': noLeader, 'pin-leader': 'pg-1' });
    observe(silent, silent, silent);
    expect(warned()).toContain('NodeSilent');
    expect(reconcile()).toMatchObject(stays);
  });

  it('stays while no eligible pod is on another node, and is left once one is', () => {
    annotate({ 'min-ready-duration': '10s' });
    world.changePod('pg-1', { readyChangedAt: T0 - 4_000 });
    world.changePod('pg-2', { ready: false });
    observe(silent, alive, alive);
    expect(reconcile()).toMatchObject(stays);
    expect(lookAgainAt(1_000)).toBe(T0 + 6_000);
    expect(reconcile(6_000)).toMatchObject({ reason: 'LeaderNodeSilent', leader: { name: 'pg-1' } });
  });

  it('has a grace of failover-min-delay from the silence on', () => {
    annotate({ 'failover-min-delay': '10s' });
    observe(silent, alive, alive);
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'FailoverDelayed' });
    expect(lookAgainAt(1_000)).toBe(T0 + 10_000);
    expect(reconcile(10_000)).toMatchObject({ reason: 'LeaderNodeSilent' });
  });

  it('has no grace where a clock that is ahead says since when', () => {
    annotate({ 'failover-min-delay': '10s' });
    observe({ ...silent, since: T0 + 3_600_000 }, alive, alive);
    expect(reconcile()).toMatchObject({ reason: 'LeaderNodeSilent' });
  });

  it('stays while the Service is paused', () => {
    annotate({ paused: 'true' });
    observe(silent, alive, alive);
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'Paused', leader: { name: 'pg-0' } });
  });

  it('is left although a value cannot be read', () => {
    annotate({ strategy: 'best' });
    observe(silent, alive, alive);
    expect(reconcile()).toMatchObject({ reason: 'LeaderNodeSilent' });
  });

  it('is left only for a pod that passes the check', () => {
    annotate({ 'health-check': 'tcp://:5432' });
    const { nodes = [] } = observedNodes({ 'node-0': silent, 'node-1': alive, 'node-2': alive });
    world.observations = { ...observed({ 'pg-0': {}, 'pg-1': { verdict: 'failing' }, 'pg-2': {} }), nodes };
    expect(reconcile()).toMatchObject({ reason: 'LeaderNodeSilent', leader: { name: 'pg-2' } });
  });

  it('stays where the application elects', () => {
    annotate({ 'role-check': 'redis://:6379' });
    const { nodes = [] } = observedNodes({ 'node-0': silent, 'node-1': alive, 'node-2': alive });
    const check = 'redis://:6379';
    const roles = { 'pg-0': { check, role: 'primary' }, 'pg-1': { check, role: 'other' } } as const;
    world.observations = { ...observed(roles), nodes };
    expect(reconcile()).toMatchObject(stays);
    expect(warned()).not.toContain('NodeSilent');
  });

  it('is not demoted', () => {
    annotate({ 'on-demote': 'delete' });
    observe(silent, alive, alive);
    const writes = assess(world.snapshot(), T0 + 1_000).writes;
    expect(writes.some((write) => 'demotes' in write)).toBe(false);
  });
});

describe('a pin and sticky: false beside a silent node', () => {
  it.each([{ 'pin-leader': 'pg-0' }, { sticky: 'false' }])(
    'do not take the route back while the node is silent, and do so when it is alive: %j',
    (annotations) => {
      annotate(annotations);
      observe(silent, alive, alive);
      expect(reconcile()).toMatchObject({ reason: 'LeaderNodeSilent', leader: { name: 'pg-1' } });
      expect(reconcile(2_000)).toMatchObject({ kind: 'kept', leader: { name: 'pg-1' } });
      observe(alive, alive, alive);
      expect(reconcile(3_000)).toMatchObject({ kind: 'elected', leader: { name: 'pg-0' } });
    },
  );

  it.each([{ 'pin-leader': 'pg-0' }, { sticky: 'false' }])(
    'wait for an hour where nothing is known of nodes any more: %j',
    (annotations) => {
      annotate(annotations);
      observe(silent, alive, alive);
      reconcile();
      world.observations = undefined;
      expect(reconcile(2_000)).toMatchObject({ kind: 'kept', leader: { name: 'pg-1' } });
      expect(lookAgainAt(2_000)).toBe(T0 + 3_601_000);
      expect(reconcile(3_601_000)).toMatchObject({ kind: 'elected', leader: { name: 'pg-0' } });
    },
  );

  it.each([
    {},
    { sticky: 'false', strategy: 'node-aware' },
    { sticky: 'false', paused: 'true' },
    { 'pin-leader': 'pg-0', paused: 'true' },
  ])('set no timer where the end of that hour moves no leader: %j', (annotations) => {
    observe(silent, alive, alive);
    expect(reconcile()).toMatchObject({ reason: 'LeaderNodeSilent', leader: { name: 'pg-1' } });
    annotate(annotations);
    world.observations = undefined;
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', leader: { name: 'pg-1' } });
    expect(lookAgainAt(2_000)).toBeNull();
    expect(reconcile(3_601_000)).toMatchObject({ kind: 'kept', leader: { name: 'pg-1' } });
  });
});

describe('candidates', () => {
  it.each(['oldest', 'newest', 'random', 'node-aware', 'zone-aware', 'priority'])(
    'on silent nodes come last, and on cordoned nodes before them: %s',
    (strategy) => {
      annotate({ strategy });
      world.changePod('pg-0', { terminating: true });
      observe(alive, silent, cordoned);
      expect(reconcile()).toMatchObject({ kind: 'elected', leader: { name: 'pg-2' } });
    },
  );

  it('are elected on a silent node rather than none', () => {
    world.changePod('pg-0', { terminating: true });
    observe(alive, silent, silent);
    expect(reconcile()).toMatchObject({ reason: 'LeaderTerminating', leader: { name: 'pg-1' } });
  });

  it('that are pinned come first on a cordoned node, and not on a silent one', () => {
    annotate({ 'pin-leader': 'pg-2' });
    world.changePod('pg-0', { terminating: true });
    observe(alive, alive, cordoned);
    expect(reconcile()).toMatchObject({ leader: { name: 'pg-2' } });
    world.changePod('pg-2', { terminating: true });
    annotate({ 'pin-leader': 'pg-3' });
    world.setPod(aPod({ name: 'pg-3' }));
    observe(alive, alive, alive, silent);
    expect(reconcile(2_000)).toMatchObject({ leader: { name: 'pg-1' } });
  });
});

describe('a cordon', () => {
  it('does not move a leader', () => {
    observe(cordoned, alive, alive);
    expect(reconcile()).toMatchObject(stays);
  });

  it('does not move a leader with sticky: false', () => {
    annotate({ sticky: 'false' });
    observe(cordoned, alive, alive);
    expect(reconcile()).toMatchObject(stays);
  });

  it('moves a leader with on-cordon: move, at once, to a node without a cordon', () => {
    annotate({ 'on-cordon': 'move', 'failover-min-delay': '10s' });
    observe({ ...cordoned, since: T0 }, cordoned, alive);
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderNodeCordoned', leader: { name: 'pg-2' } });
  });

  it.each([
    ['every node is cordoned', {}, [cordoned, cordoned, cordoned]],
    ['the others are silent', {}, [cordoned, silent, silent]],
    ['the leader is pinned', { 'pin-leader': 'pg-0' }, [cordoned, alive, alive]],
    ['a value cannot be read', { strategy: 'best' }, [cordoned, alive, alive]],
  ])('does not move a leader with on-cordon: move where %s', (_, annotations, nodes) => {
    annotate({ 'on-cordon': 'move', ...annotations });
    observe(...nodes);
    expect(reconcile()).toMatchObject(stays);
  });

  it('does not move a leader where on-cordon cannot be read', () => {
    annotate({ 'on-cordon': 'leave' });
    observe(cordoned, alive, alive);
    expect(warned()).toContain('InvalidAnnotation');
    expect(reconcile()).toMatchObject(stays);
  });
});

describe('a condition that makes a node unfit', () => {
  it('is a reason to leave the node', () => {
    observe(unfit, alive, alive);
    expect(reconcile()).toMatchObject({ reason: 'LeaderNodeUnfit', leader: { name: 'pg-1' } });
  });

  it('keeps the leader, with a Warning, while every node has one', () => {
    observe(unfit, unfit, unfit);
    expect(warned()).toContain('NodeUnfit');
    expect(reconcile()).toMatchObject(stays);
  });
});

describe('the zone of a node', () => {
  const zones = (...names: readonly string[]) => observe(...names.map((zone) => ({ zone })));
  /** As before Kubernetes 1.35. */
  const startWithoutLabels = (annotations: Record<string, string>): void => {
    world = new World();
    for (const name of ['pg-0', 'pg-1', 'pg-2']) world.setPod(withoutZone(aPod({ name })));
    world.setSource(aService(annotations));
    world.reconcile(T0);
  };

  it('counts where the pod has no label of its own', () => {
    startWithoutLabels({ strategy: 'zone-aware' });
    zones('a', 'a', 'b');
    reconcile();
    world.changePod('pg-0', { ready: false });
    expect(reconcile(2_000)).toMatchObject({ reason: 'LeaderNotReady', leader: { name: 'pg-2', zone: 'b' } });
  });

  it('orders the candidates by the zones that the user prefers', () => {
    startWithoutLabels({ 'preferred-zones': 'b,a', sticky: 'false' });
    zones('a', 'c', 'b');
    expect(reconcile()).toMatchObject({ reason: 'Preferred', leader: { name: 'pg-2' } });
  });

  it('is the label of the pod where there is one', () => {
    startWithoutLabels({ 'preferred-zones': 'b' });
    world.changePod('pg-1', { zone: 'b' });
    world.changePod('pg-0', { ready: false });
    zones('a', 'a', 'b');
    expect(reconcile()).toMatchObject({ leader: { name: 'pg-1' } });
  });

  it('stays in the record while nothing is known of nodes', () => {
    startWithoutLabels({ strategy: 'zone-aware' });
    zones('a', 'a', 'b');
    reconcile();
    expect(assess(world.snapshot(), T0 + 2_000).writes).toEqual([]);
    observe();
    expect(assess(world.snapshot(), T0 + 2_000).writes).toEqual([]);
  });
});
