import { describe, expect, it } from 'vitest';
import { buildSnapshot, type NamespaceState } from '../../../lib/selection/buildSnapshot.ts';
import type { PodView, ServiceView, SliceView } from '../../../lib/selection/snapshot.ts';
import { aForeignService, aLeaderService, aLeaderSlice, aSlice } from '../../support/objects/aSlice.ts';
import { aPod, aService, uidOf, version } from '../../support/objects/builders.ts';

const revisions = { pods: version(7), services: version(8), slices: version(9) };

interface Shop {
  readonly source?: ServiceView | null;
  readonly pods?: readonly PodView[];
  readonly services?: readonly ServiceView[];
  readonly slices?: readonly SliceView[];
}

/** What belongs to `postgres` in the namespace, by name. */
function belonging({ source = aService(), pods = [], services = [], slices = [] }: Shop) {
  const state: NamespaceState = { namespace: 'shop', name: 'postgres', source, pods, services, slices, revisions };
  const snapshot = buildSnapshot(state);
  const names = (objects: readonly { readonly name: string }[]) => objects.map(({ name }) => name).sort();
  return {
    pods: names(snapshot.candidates),
    services: names(snapshot.services),
    slices: names(snapshot.slices),
    snapshot,
  };
}

const owner = { kind: 'Service', name: 'postgres', uid: uidOf('postgres') };
const another = { kind: 'Service', name: 'mysql', uid: uidOf('mysql') };
const orphanLabels = (source: string) => ({
  'app.kubernetes.io/managed-by': 'zen-lead',
  'zen-lead.io/source-service': source,
});

it('says whose snapshot it is, and of which revisions', () => {
  const source = aService();
  expect(belonging({ source }).snapshot).toMatchObject({ namespace: 'shop', name: 'postgres', source, revisions });
});

describe('of the pods', () => {
  const pods = [aPod({ name: 'pg-0' }), aPod({ name: 'web-0', labels: { app: 'web' } })];
  const ledBy = (uid: string) => ({ 'zen-lead.io/leader-pod-uid': uid });

  it('those that the source selects belong, without namespace and labels', () => {
    const { snapshot } = belonging({ pods });
    const { namespace: _namespace, labels: _labels, ...rest } = aPod({ name: 'pg-0' });
    expect(snapshot.candidates).toStrictEqual([{ ...rest, selected: true }]);
  });

  it.each<[string, Shop]>([
    [
      'that our slice records',
      { slices: [aSlice({ name: 's', owner, managedBy: 'zen-lead.io', annotations: ledBy('uid-web-0') })] },
    ],
    ['that our slice routes to', { slices: [{ ...aLeaderSlice({ pod: 'web-0' }), annotations: {} }] }],
    ['that our Service records', { services: [aLeaderService('postgres', { annotations: ledBy('uid-web-0') })] }],
  ])('one without the label belongs %s, as not selected', (_, state) => {
    const { snapshot } = belonging({ ...state, pods });
    expect(snapshot.candidates.map(({ name, selected }) => [name, selected])).toEqual([
      ['pg-0', true],
      ['web-0', false],
    ]);
  });

  it.each([
    ['Ready', { ready: false, readyChangedAt: 5 }],
    ['ContainersReady', { ready: true, readyChangedAt: 7 }],
    ['containersready', { ready: false, readyChangedAt: 5 }],
  ])('a pod with a readiness gate is judged by %s where the source says so', (condition, judged) => {
    const gated = aPod({
      name: 'pg-0',
      ready: false,
      readyChangedAt: 5,
      containers: { ready: true, changedAt: 7 },
    });
    const { snapshot } = belonging({ pods: [gated], source: aService({ 'candidate-condition': condition }) });
    expect(snapshot.candidates).toMatchObject([judged]);
    expect(snapshot.candidates[0]).not.toHaveProperty('containers');
  });

  it('a pod whose ContainersReady has no instant has none, whatever that of Ready', () => {
    const gated = aPod({ name: 'pg-0', containers: { ready: false } });
    const { snapshot } = belonging({ pods: [gated], source: aService({ 'candidate-condition': 'ContainersReady' }) });
    expect(snapshot.candidates[0]?.ready).toBe(false);
    expect(snapshot.candidates[0]).not.toHaveProperty('readyChangedAt');
  });

  it('a slice without a spec routes to none', () => {
    const slices = [aSlice({ name: 's', owner, managedBy: 'zen-lead.io', spec: null })];
    expect(belonging({ slices, pods }).pods).toEqual(['pg-0']);
  });

  it('none is selected where the source is gone', () => {
    const { snapshot } = belonging({ source: null, pods, services: [aLeaderService()], slices: [] });
    expect(snapshot.candidates).toEqual([]);
  });
});

describe('of the Services', () => {
  it.each<[string, ServiceView]>([
    ['ours', aLeaderService()],
    ['ours under a former name', aLeaderService('postgres', { name: 'former' })],
    ['one of another owner that has the wanted name', aForeignService('postgres-leader')],
    ['what was left to us without an owner', aLeaderService('postgres', { name: 'left', owner: null })],
  ])('%s belongs', (_, service) => {
    expect(belonging({ services: [service] }).services).toEqual([service.name]);
  });

  it.each<[string, ServiceView]>([
    ['the source itself', aService()],
    ['the source itself, also with our labels on it', aService({}, { labels: orphanLabels('postgres'), owner })],
    ['one of another source', aLeaderService('mysql')],
    ['what was left of another source', aLeaderService('mysql', { owner: null })],
    ['any other', aForeignService('web')],
  ])('%s does not', (_, service) => {
    expect(belonging({ services: [service] }).services).toEqual([]);
  });

  it('one that our slice names belongs, whoever owns it, and one that a slice of another owner names does not', () => {
    const services = [aForeignService('ours'), aForeignService('theirs')];
    const slices = [
      aSlice({ name: 'a', managedBy: 'zen-lead.io', owner, serviceName: 'ours' }),
      aSlice({ name: 'b', managedBy: 'zen-lead.io', owner: another, serviceName: 'theirs' }),
      aSlice({ name: 'c', managedBy: 'zen-lead.io', owner, serviceName: null }),
    ];
    expect(belonging({ services, slices }).services).toEqual(['ours']);
  });

  it('one that has the wanted name of the followers belongs', () => {
    const services = [aForeignService('readers')];
    expect(belonging({ source: aService({ followers: 'readers' }), services }).services).toEqual(['readers']);
    expect(belonging({ services }).services).toEqual([]);
  });
});

describe('of the slices', () => {
  it.each<[string, SliceView]>([
    ['ours, whatever its name', aSlice({ name: 'x', managedBy: 'zen-lead.io', owner })],
    ['one under the name of ours', aSlice({ name: 'postgres-leader-ipv4' })],
    ['one under the name of the other family', aSlice({ name: 'postgres-leader-ipv6' })],
    ['one that adds endpoints to the leader Service', aSlice({ name: 'x', serviceName: 'postgres-leader' })],
  ])('%s belongs', (_, slice) => {
    expect(belonging({ slices: [slice] }).slices).toEqual([slice.name]);
  });

  it.each<[string, SliceView]>([
    ['one of the source itself', aSlice({ name: 'postgres-x', serviceName: 'postgres', owner })],
    ['one under a name made of the source’s', aSlice({ name: 'postgres-ipv4' })],
    ['one of another source', aLeaderSlice({ source: 'mysql', pod: null })],
    ['one that belongs to no Service', aSlice({ name: 'x', serviceName: null })],
    ['any other', aSlice({ name: 'x', serviceName: 'web' })],
  ])('%s does not', (_, slice) => {
    expect(belonging({ slices: [slice] }).slices).toEqual([]);
  });

  it('one that adds endpoints to our Service under a former name belongs', () => {
    const services = [aLeaderService('postgres', { name: 'former' })];
    const slices = [aSlice({ name: 'x', serviceName: 'former' }), aSlice({ name: 'former-ipv6' })];
    expect(belonging({ services, slices }).slices).toEqual(['former-ipv6', 'x']);
  });
});
