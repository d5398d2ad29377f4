/**
 * What scale-down asks of the rules: the pod that will survive leads before the others go, and
 * nothing that the user has asked for is undone for it.
 */

import { beforeEach, describe, expect, it } from 'vitest';
import { mayTakeOver } from '../../../lib/selection/choose.ts';
import type { NodeObservation } from '../../../lib/selection/observation.ts';
import { formatScaleRecord, type ScaleRecord } from '../../../lib/selection/scaleRecord.ts';
import { readSituation } from '../../../lib/selection/situation.ts';
import { aPod, aService, observed, observedNodes, T0, uidOf } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const silent = { verdict: 'silent', since: T0 } as const;
const alive = {};
const survivor = uidOf('pg-1');
const workload = { kind: 'Deployment', name: 'postgres', uid: uidOf('deployment') } as const;
const down: ScaleRecord = { phase: 'down', at: T0, workload, from: 3, to: 1, survivor, pod: 'pg-1' };

/** Three Ready pods, `pg-N` on `node-N`, and a leader elected at T0: pg-0, the oldest. */
beforeEach(() => {
  world = new World();
  for (const name of ['pg-0', 'pg-1', 'pg-2']) world.setPod(aPod({ name }));
  world.setSource(aService());
  world.reconcile(T0);
});

const annotate = (annotations: Record<string, string>) => world.setSource(aService(annotations));
const observe = (...nodes: readonly Partial<NodeObservation>[]) => {
  world.observations = observedNodes(Object.fromEntries(nodes.map((node, index) => [`node-${index}`, node])));
};
const write = (record: ScaleRecord | null) => {
  const text = record === null ? null : formatScaleRecord(record);
  world.edit('endpointslices', 'postgres-leader-ipv4', {
    metadata: { annotations: { 'zen-lead.io/scale-state': text } },
  });
};
const askFor = (pod: string, at = T0) => write({ phase: 'elect', at, survivor: uidOf(pod), pod });
const reconcile = (afterMs = 1_000) => world.reconcile(T0 + afterMs).decision;
const stays = { kind: 'kept', leader: { name: 'pg-0' } };

/** The pods that scale-down may ask for, by name. */
function mayBeAskedFor(afterMs = 1_000): readonly string[] {
  const { candidates } = world.snapshot();
  const situation = readSituation(world.snapshot(), T0 + afterMs);
  const incumbent = candidates.find(({ uid }) => uid === situation?.record.leader?.uid);
  if (situation === null || incumbent === undefined) throw new Error('no pod leads');
  return candidates
    .filter((pod) => mayTakeOver(pod, incumbent, situation.choice, T0 + afterMs))
    .map(({ name }) => name);
}

describe('the pod that will survive', () => {
  it('takes over from a fit leader, and leads while the others go', () => {
    askFor('pg-1');
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'ScaleDownSurvivor', leader: { name: 'pg-1' } });
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-1' } });
  });

  it('is elected once where it leads already', () => {
    askFor('pg-0');
    expect(reconcile()).toMatchObject({ ...stays, reason: 'LeaderFit' });
  });

  it('takes over where it is the pinned pod, by the pin, and from no leader that is pinned', () => {
    askFor('pg-1');
    annotate({ 'pin-leader': 'pg-0' });
    expect(reconcile()).toMatchObject({ ...stays, reason: 'LeaderFit' });
    annotate({ 'pin-leader': 'pg-1' });
    expect(reconcile(2_000)).toMatchObject({ kind: 'elected', reason: 'Pinned', leader: { name: 'pg-1' } });
  });

  it.each([{ 'pin-leader': 'pg-2' }, { 'pin-leader': 'pg-9' }])(
    'does not take over while another pod is pinned and not there to lead: %j',
    (annotations) => {
      askFor('pg-1');
      annotate(annotations);
      world.changePod('pg-2', { ready: false, readyChangedAt: T0 });
      expect(reconcile()).toMatchObject({ ...stays, reason: 'LeaderFit' });
    },
  );

  it('does not take over before it is Ready for min-ready-duration', () => {
    annotate({ 'min-ready-duration': '10s' });
    world.changePod('pg-1', { readyChangedAt: T0 });
    askFor('pg-1');
    expect(reconcile(9_999)).toMatchObject({ ...stays, reason: 'LeaderFit' });
    expect(reconcile(10_000)).toMatchObject({ reason: 'ScaleDownSurvivor', leader: { name: 'pg-1' } });
  });

  it('does not take over on a node that is silent', () => {
    askFor('pg-1');
    observe(alive, silent, alive);
    expect(reconcile()).toMatchObject({ ...stays, reason: 'LeaderFit' });
    observe(alive, alive, alive);
    expect(reconcile(2_000)).toMatchObject({ reason: 'ScaleDownSurvivor', leader: { name: 'pg-1' } });
  });

  it('keeps the lead beside a pod that the strategy prefers, until scale-down is undone', () => {
    annotate({ sticky: 'false' });
    askFor('pg-1');
    expect(reconcile()).toMatchObject({ reason: 'ScaleDownSurvivor', leader: { name: 'pg-1' } });
    write(down);
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-1' } });
    write({ phase: 'up', at: T0 });
    expect(reconcile(3_000)).toMatchObject({ kind: 'elected', reason: 'Preferred', leader: { name: 'pg-0' } });
  });
});

describe('the pods that may survive', () => {
  it('are those that may lead, without the one that does', () => {
    expect(mayBeAskedFor()).toEqual(['pg-1', 'pg-2']);
    world.changePod('pg-2', { ready: false, readyChangedAt: T0 });
    expect(mayBeAskedFor()).toEqual(['pg-1']);
  });

  it('are none but the pinned one', () => {
    annotate({ 'pin-leader': 'pg-2' });
    expect(mayBeAskedFor()).toEqual(['pg-2']);
    annotate({ 'pin-leader': 'pg-9' });
    expect(mayBeAskedFor()).toEqual([]);
  });

  it.each([
    ['the Service is paused', { paused: 'true' }],
    ['the application elects', { 'role-check': 'redis://:6379' }],
    ['a value cannot be read', { strategy: 'best' }],
    ['a check is asked for and no bridge runs it', { 'health-check': 'tcp://:5432' }],
  ])('are none while %s', (_, annotations) => {
    annotate(annotations);
    expect(mayBeAskedFor()).toEqual([]);
  });

  it('are those that pass the check where a bridge runs it', () => {
    annotate({ 'health-check': 'tcp://:5432' });
    world.observations = observed({ 'pg-0': {}, 'pg-1': { verdict: 'failing' }, 'pg-2': {} });
    expect(mayBeAskedFor()).toEqual(['pg-2']);
  });

  it('run on no silent node, unless the leader does, too', () => {
    observe(alive, silent, alive);
    expect(mayBeAskedFor()).toEqual(['pg-2']);
    observe(silent, silent, silent);
    expect(mayBeAskedFor()).toEqual(['pg-1', 'pg-2']);
  });

  it('are none for an hour after a silent node was left, where nothing is known of nodes any more', () => {
    observe(silent, alive, alive);
    expect(reconcile()).toMatchObject({ reason: 'LeaderNodeSilent', leader: { name: 'pg-1' } });
    world.observations = undefined;
    expect(mayBeAskedFor(2_000)).toEqual([]);
    expect(mayBeAskedFor(3_601_000)).toEqual(['pg-0', 'pg-2']);
  });
});
