import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { aPod, aService, T0, version } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const SLICE = 'postgres-leader-ipv4';
const SECOND = 'postgres-leader-ipv6';
const started = new Date(T0).toISOString();

beforeEach(() => {
  world = new World();
  world.setPod(aPod({ name: 'pg-0', ips: ['10.0.0.1', 'fd00::1'] }));
  world.setSource(aService({}, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' }));
  world.reconcile(T0);
});

const note = (key: string, slice = SLICE) => world.slice(slice)?.annotations[`zen-lead.io/${key}`];
const setNote = (key: string, value: string | null, slice = SLICE) =>
  world.edit('endpointslices', slice, { metadata: { annotations: { [`zen-lead.io/${key}`]: value } } });
const reconcile = (afterMs = 1_000) => world.reconcile(T0 + afterMs).writes.map(({ name }) => name);

it('writes nothing while the record says what is', () => {
  expect(reconcile()).toEqual([]);
});

describe('a record that a hand has changed', () => {
  it.each([
    ['reason', null],
    ['leader-last-switch-time', null],
    ['leader-pod-name', 'pg-9'],
    ['pods-revision', 'x'],
    ['services-revision', null],
    ['services-revision', 'x'],
  ])('a record that a hand has changed is repaired: %s set to %s', (key, value) => {
    const before = note(key);
    setNote(key, value);
    expect(reconcile()).toEqual([SLICE]);
    expect(note(key)).toBeDefined();
    expect(note(key)).not.toBe(value);
    if (key === 'leader-pod-name') expect(note(key)).toBe(before);
    expect(reconcile()).toEqual([]);
  });

  it('a record that a hand has changed gets a new reason and a new time where the reason is missing', () => {
    setNote('reason', null);
    reconcile(5_000);
    expect(note('reason')).toBe('LeaderFit');
    expect(note('leader-last-switch-time')).toBe(new Date(T0 + 5_000).toISOString());
  });

  it('keeps its reason where only the time is missing, and both where only a revision is', () => {
    setNote('leader-last-switch-time', null);
    reconcile(5_000);
    expect(note('reason')).toBe('FirstLeader');
    setNote('pods-revision', 'x');
    const time = note('leader-last-switch-time');
    reconcile(9_000);
    expect([note('reason'), note('leader-last-switch-time')]).toEqual(['FirstLeader', time]);
  });

  it('the epoch of the other family is repaired from the primary, never the reverse', () => {
    const epoch = note('epoch');
    setNote('epoch', '3', SECOND);
    expect(reconcile()).toEqual([SECOND]);
    expect([note('epoch'), note('epoch', SECOND)]).toEqual([epoch, epoch]);
  });

  it('the epoch of the record is repaired where a hand has lowered it and the other family knows it', () => {
    const epoch = note('epoch');
    setNote('epoch', '0');
    expect(reconcile()).toEqual([SLICE]);
    expect([note('epoch'), note('epoch', SECOND)]).toEqual([epoch, epoch]);
  });

  it('a record that a hand has changed loses a handover that does not run', () => {
    setNote('handover-from', JSON.stringify({ pod: 'pg-9', uid: 'uid-pg-9', epoch: Number(note('epoch')) }));
    expect(reconcile()).toEqual([SLICE]);
    expect(note('handover-from')).toBeUndefined();
  });

  it('a second record is removed from the slice of the other family', () => {
    setNote('leader-pod-uid', 'uid-pg-9', SECOND);
    setNote('reason', 'Pinned', SECOND);
    expect(reconcile()).toEqual([SECOND]);
    expect([note('leader-pod-uid', SECOND), note('reason', SECOND)]).toEqual([undefined, undefined]);
  });
});

it('has a slice of the other family give up what is left of a record, be it one annotation, as a change of the route', () => {
  setNote('last-node', 'n9', SECOND);
  expect(world.reconcile(T0 + 1_000).writes).toMatchObject([{ name: SECOND, stage: 'route', kind: 'patch' }]);
  expect(note('last-node', SECOND)).toBeUndefined();
});

describe('what scale-down has written down', () => {
  const workload = { kind: 'Deployment', name: 'postgres', uid: 'uid-deployment' };
  const down = { phase: 'down', at: T0, workload, from: 3, to: 1, survivor: 'uid-pg-0', pod: 'pg-0' };
  const flipped = { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' } as const;

  it.each([
    ['the leader Service is renamed', 'db-ipv4', aService({ 'leader-service-name': 'db' })],
    ['the primary family changes', SECOND, aService({}, flipped)],
  ])('moves with the record where %s', (_, slice, source) => {
    setNote('scale-state', JSON.stringify(down));
    world.setSource(source);
    reconcile();
    expect(JSON.parse(note('scale-state', slice) ?? 'null')).toMatchObject(down);
    reconcile();
    expect(note('scale-state', SLICE)).toBeUndefined();
  });

  it('is not written by what else is', () => {
    const text = JSON.stringify({ ...down, more: 'of a later version' });
    setNote('scale-state', text);
    world.changePod('pg-0', { ips: ['10.0.0.9', 'fd00::1'] });
    expect(reconcile()).toEqual([SLICE]);
    expect(note('scale-state')).toBe(text);
  });
});

describe('the revisions that were decided on', () => {
  const writesAt = (pods: string, services = String(world.servicesRevision)) => {
    const snapshot = world.snapshot();
    const revisions = { ...snapshot.revisions, pods: version(pods), services: version(services) };
    return assess({ ...snapshot, revisions }, T0 + 1_000).writes;
  };

  it('the revisions that were decided on are lowered where they are ahead of the state, as after a restore of etcd', () => {
    expect(writesAt('1')).toMatchObject([
      { name: SLICE, patch: { metadata: { annotations: { 'zen-lead.io/pods-revision': '1' } } } },
    ]);
    expect(writesAt('999999', '1')).toHaveLength(1);
  });

  it('the revisions that were decided on are not worth a write where they are behind', () => {
    expect(writesAt('999999', '999999')).toEqual([]);
  });

  it('the revisions that were decided on are left alone where the state has none that can be ordered', () => {
    expect(writesAt('opaque', 'opaque')).toEqual([]);
  });
});

it('records no node and no zone for a leader that has none', () => {
  const { nodeName: _node, zone: _zone, ...pod } = aPod({ name: 'pg-1' });
  world.setPod(pod);
  expect([note('last-node'), note('last-zone')]).toEqual(['node-0', 'zone-0']);
  world.deletePod('pg-0');
  reconcile();
  expect(note('leader-pod-name')).toBe('pg-1');
  expect([note('last-node'), note('last-zone')]).toEqual([undefined, undefined]);
});

it('keeps the time of the switch while the leader stays', () => {
  world.changePod('pg-0', { ips: ['10.0.0.9', 'fd00::1'] });
  expect(reconcile()).toEqual([SLICE]);
  expect(note('leader-last-switch-time')).toBe(started);
  expect(note('reason')).toBe('FirstLeader');
});

it('carries the appProtocol of the Service’s port, and writes it when it changes', () => {
  const port = { name: '', protocol: 'TCP' as const, port: 5432, targetPort: 5432, appProtocol: 'kubernetes.io/h2c' };
  world.setSource(aService({}, { ports: [port] }));
  reconcile();
  expect(world.slice(SLICE)?.spec?.ports).toEqual([
    { name: '', port: 5432, protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' },
  ]);
  expect(world.service('postgres-leader')?.ports).toEqual([port]);
});

it('keeps the leader Service under its name while leader-service-name cannot be read, also one that was chosen', () => {
  world.setSource(aService({ 'leader-service-name': 'db' }));
  reconcile();
  reconcile();
  world.setSource(aService({ 'leader-service-name': 'Not A Name' }));
  expect(reconcile()).toEqual([]);
  expect(world.service('db')).toBeDefined();
  expect(world.service('postgres-leader')).toBeUndefined();
});
