/**
 * Shows what zen-lead does not guarantee: docs/guarantees.md#what-does-not-hold. A test that
 * fails here means that the page is wrong.
 */

import { beforeEach, describe, expect, it } from 'vitest';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

const SLICE = 'postgres-leader-ipv4';
let world: World;
const routed = () => world.slice(SLICE)?.spec?.endpoints.map((endpoint) => endpoint.targetRef?.name);
const stored = (resource: 'services' | 'endpointslices', name: string) =>
  structuredClone(world.objects[resource].get(name));

beforeEach(() => {
  world = new World();
  for (const name of ['pg-0', 'pg-1']) world.setPod(aPod({ name }));
  world.setSource(aService());
  world.reconcile(T0);
});

describe('a hand that writes annotations', () => {
  const write = (annotations: Record<string, string>) =>
    world.edit('endpointslices', SLICE, { metadata: { annotations } });

  it('makes another fit pod the leader, and the route follows it', () => {
    write({ 'zen-lead.io/leader-pod-name': 'pg-1', 'zen-lead.io/leader-pod-uid': 'uid-pg-1' });
    world.reconcile(T0 + 1_000);
    expect(routed()).toEqual(['pg-1']);
  });

  it('sets an epoch too high, and it stays high', () => {
    write({ 'zen-lead.io/epoch': String(T0 * 2) });
    expect(world.reconcile(T0 + 1_000).decision.epoch).toBe(T0 * 2);
    world.changePod('pg-0', { ready: false });
    expect(world.reconcile(T0 + 2_000).decision.epoch).toBe(T0 * 2 + 1);
  });
});

describe('a hand that sets what zen-lead does not write', () => {
  it.each<[string, Record<string, unknown>]>([
    ['sessionAffinity', { spec: { sessionAffinity: 'ClientIP' } }],
    ['externalIPs', { spec: { externalIPs: ['192.0.2.1'] } }],
    ['internalTrafficPolicy', { spec: { internalTrafficPolicy: 'Local' } }],
    ['trafficDistribution', { spec: { trafficDistribution: 'PreferClose' } }],
    ['service-proxy-name', { metadata: { labels: { 'service.kubernetes.io/service-proxy-name': 'mine' } } }],
    ['an annotation', { metadata: { annotations: { 'example.org/note': 'mine' } } }],
  ])('%s on the leader Service stays as it was set', (_, patch) => {
    world.edit('services', 'postgres-leader', patch);
    const edited = stored('services', 'postgres-leader');
    expect(world.reconcile(T0 + 1_000).writes).toEqual([]);
    expect(stored('services', 'postgres-leader')).toEqual(edited);
    expect(edited).toMatchObject(patch);
  });
});

it('what a source deleted with --cascade=orphan leaves keeps its route, also to a pod that is gone', () => {
  for (const resource of ['services', 'endpointslices'] as const)
    for (const name of world.objects[resource].keys())
      world.edit(resource, name, { metadata: { ownerReferences: null } });
  world.sources.delete('postgres');
  world.deletePod('pg-0');
  expect(world.reconcile(T0 + 1_000)).toMatchObject({ decision: { reason: 'SourceGone' }, writes: [] });
  expect(routed()).toEqual(['pg-0']);

  world.setSource(aService());
  world.reconcile(T0 + 2_000);
  expect(routed()).toEqual(['pg-1']);
});

it('an epoch that starts again on a clock that is behind starts lower', () => {
  const { epoch } = world.reconcile(T0 + 1_000).decision;
  world.setSource(aService({}, { annotations: {} }));
  for (const at of [T0 + 2_000, T0 + 3_000]) world.reconcile(at);
  world.setSource(aService());
  expect(world.reconcile(T0 - 60_000).decision.epoch).toBeLessThan(epoch);
});

it('a leader that was NotReady between two reconciles was never left', () => {
  const before = stored('endpointslices', SLICE);
  world.changePod('pg-0', { ready: false, readyChangedAt: T0 + 100 });
  world.changePod('pg-0', { ready: true, readyChangedAt: T0 + 200 });
  expect(world.reconcile(T0 + 1_000).decision).toMatchObject({ kind: 'kept', reason: 'LeaderFit' });
  expect(stored('endpointslices', SLICE)).toEqual(before);
});
