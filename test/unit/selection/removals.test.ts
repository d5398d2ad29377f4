import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { aPod, aService, T0, uidOf } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const LEADER = 'postgres-leader';
const SLICE = 'postgres-leader-ipv4';
const SECOND = 'postgres-leader-ipv6';

const annotate = (annotations: Record<string, string>, overrides = {}) =>
  world.setSource(
    aService(annotations, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack', ...overrides }),
  );
const writes = () => assess(world.snapshot(), T0 + 1_000).writes;
const brief = () => writes().map(({ kind, stage, name }) => `${kind} ${name} (${stage})`);

beforeEach(() => {
  world = new World();
  for (const n of [0, 1]) world.setPod(aPod({ name: `pg-${n}`, ips: [`10.0.0.${n}`, `fd00::${n}`] }));
  annotate({});
  world.reconcile(T0);
});

describe('after opt-out', () => {
  it('the routes go first, the record last among them, and the Services in the next stage', () => {
    annotate({ followers: 'true' });
    world.reconcile(T0);
    annotate({ enabled: 'false' });
    expect(brief()).toEqual([
      'delete postgres-followers-ipv4 (route)',
      'delete postgres-followers-ipv6 (route)',
      `delete ${SECOND} (route)`,
      `delete ${SLICE} (route)`,
      'delete postgres-followers (follow)',
      `delete ${LEADER} (follow)`,
    ]);
  });

  it('what is being deleted already routes to no pod, and is else left alone, as an orphan is', () => {
    annotate({ enabled: 'false' });
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    world.edit('endpointslices', SLICE, { metadata: { deletionTimestamp } });
    world.edit('endpointslices', SECOND, { metadata: { ownerReferences: null } });
    world.edit('services', LEADER, { metadata: { deletionTimestamp } });
    expect(brief()).toEqual([`patch ${SLICE} (route)`]);
    expect(writes()).toMatchObject([{ patch: { endpoints: [] } }]);
    world.edit('endpointslices', SLICE, { endpoints: [] });
    expect(writes()).toEqual([]);
    world.edit('services', LEADER, { metadata: { deletionTimestamp: null, ownerReferences: null } });
    expect(writes()).toEqual([]);
  });
});

describe('what is no longer planned', () => {
  it('what is no longer planned goes with the routes: the followers and their slices, and nothing else', () => {
    annotate({ followers: 'true' });
    world.reconcile(T0);
    annotate({});
    expect(brief()).toEqual([
      'delete postgres-followers-ipv4 (route)',
      'delete postgres-followers-ipv6 (route)',
      'delete postgres-followers (route)',
    ]);
  });

  it('what is no longer planned of followers stays while their annotation cannot be read, but a renamed leader goes', () => {
    annotate({ followers: 'readers' });
    world.reconcile(T0);
    annotate({ followers: 'No', 'leader-service-name': 'db' });
    world.reconcile(T0 + 1_000);
    expect([...world.objects.services.keys()].sort()).toEqual(['db', 'readers']);
    expect([...world.objects.endpointslices.keys()].sort()).toEqual([
      'db-ipv4',
      'db-ipv6',
      'readers-ipv4',
      'readers-ipv6',
    ]);
  });

  it('the slice of a family that the source has given up is no longer planned', () => {
    annotate({}, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    expect(brief()).toContain(`delete ${SECOND} (route)`);
  });

  it('a slice without an owner that is no longer planned is adopted without its record, and then deleted', () => {
    world.edit('endpointslices', SLICE, { metadata: { ownerReferences: null } });
    annotate({}, { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' });
    world.reconcile(T0 + 1_000);
    const slice = world.slice(SLICE);
    expect(slice).toMatchObject({ owner: { uid: 'uid-postgres' }, spec: { endpoints: [] } });
    expect(Object.keys(slice?.annotations ?? {})).toEqual(['zen-lead.io/epoch']);
    expect(brief()).toEqual([`delete ${SLICE} (route)`]);
  });

  it('a slice without an owner that is no longer planned stays as it is while its source is being deleted', () => {
    annotate({ followers: 'true' });
    world.reconcile(T0 + 1_000);
    world.edit('endpointslices', 'postgres-followers-ipv4', { metadata: { ownerReferences: null } });
    annotate({});
    expect(brief()).toContain('patch postgres-followers-ipv4 (route)');
    annotate({}, { terminating: true });
    expect(brief()).not.toContain('patch postgres-followers-ipv4 (route)');
  });

  it('a slice that waits for a finalizer and is no longer planned loses its record, once', () => {
    world.edit('endpointslices', SLICE, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    annotate({}, { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' });
    world.reconcile(T0 + 1_000);
    expect(Object.keys(world.slice(SLICE)?.annotations ?? {})).toEqual(['zen-lead.io/epoch']);
    expect(writes()).toEqual([]);
  });

  it.each([
    ['without an owner', { ownerReferences: null }],
    ['that waits for a finalizer', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
  ])('no epoch is issued again from an old record on a slice %s', (_, metadata) => {
    const families = (...ipFamilies: ('IPv4' | 'IPv6')[]) => annotate({}, { ipFamilies });
    const elect = (name: string, at: number) => {
      for (const pod of ['pg-0', 'pg-1']) world.changePod(pod, { ready: pod === name });
      return world.reconcile(T0 + at).decision.epoch;
    };
    world.edit('endpointslices', SLICE, { metadata });
    families('IPv6');
    const issued = [elect('pg-1', 1), elect('pg-0', 2), elect('pg-1', 3)];
    world.remove('endpointslices', SECOND);
    world.remove('services', LEADER);
    families('IPv4');
    for (let i = 0; i < 4; i++) expect(elect(`pg-${i % 2}`, 10 + i)).toBeGreaterThan(Math.max(...issued));
  });
});

describe('what a selector on the leader Service left behind', () => {
  const aSlice = (name: string, managedBy: string, owner: string, serviceName = LEADER) =>
    world.create('endpointslices', {
      metadata: {
        name,
        labels: { 'kubernetes.io/service-name': serviceName, 'endpointslice.kubernetes.io/managed-by': managedBy },
        ownerReferences: [{ kind: 'Service', name: serviceName, uid: owner, controller: true }],
      },
      addressType: 'IPv4',
      endpoints: [],
      ports: [],
    });
  const CONTROLLER = 'endpointslice-controller.k8s.io';
  const leaderUid = () => String(world.service(LEADER)?.uid);

  it('goes: the slice of the controller, and its Endpoints object', () => {
    aSlice('made', CONTROLLER, leaderUid());
    expect(brief()).toEqual(['delete made (route)', `deleteControllerEndpoints ${LEADER} (route)`]);
  });

  it('what a selector on the leader Service left behind is searched for while the selector is there, although no slice has been made yet', () => {
    world.edit('services', LEADER, { spec: { selector: { app: 'postgres' } } });
    expect(brief()).toEqual([`patch ${LEADER} (route)`, `deleteControllerEndpoints ${LEADER} (route)`]);
  });

  it.each([
    ['another manager has made', 'example.org', 'leader'],
    ['the controller has made for another Service', CONTROLLER, 'other'],
  ])('does not include a slice that %s', (_, managedBy, owner) => {
    aSlice('made', managedBy, owner === 'leader' ? leaderUid() : uidOf(owner));
    expect(brief()).toEqual([]);
  });

  it('does not include a slice of the same controller under another Service’s name', () => {
    aSlice('made', CONTROLLER, leaderUid(), 'mysql');
    expect(brief()).toEqual([]);
  });

  it('does not include one either where a snapshot brings it along', () => {
    aSlice('made', CONTROLLER, leaderUid());
    const snapshot = world.snapshot();
    const slices = snapshot.slices.map((slice) => (slice.name === 'made' ? { ...slice, serviceName: 'x' } : slice));
    expect(assess({ ...snapshot, slices }, T0 + 1_000).writes).toEqual([]);
  });

  it('what a selector on the leader Service left behind stays while the leader Service is not ours to change', () => {
    annotate({}, { selector: null });
    aSlice('made', CONTROLLER, leaderUid());
    expect(brief().filter((line) => !line.startsWith('patch'))).toEqual([]);
  });
});
