import { beforeEach, describe, expect, it } from 'vitest';
import { findOwned } from '../../../lib/selection/ownership.ts';
import { aPod, aService, T0, version } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const LEADER = 'postgres-leader';
const SLICE = 'postgres-leader-ipv4';
const reconcile = (afterMs = 1_000) => world.reconcile(T0 + afterMs);
const annotate = (annotations: Record<string, string>, overrides = {}) =>
  world.setSource(aService(annotations, overrides));
const leaderOf = (name = SLICE) => world.slice(name)?.spec?.endpoints[0]?.targetRef?.name;

const foreignService = (name: string) => ({
  metadata: { name },
  spec: { selector: { app: 'other' }, ports: [{ port: 1 }], ipFamilies: ['IPv4'] },
});
const foreignSlice = (name: string, serviceName: string, managedBy?: string, owner?: string) => ({
  metadata: {
    name,
    labels: {
      'kubernetes.io/service-name': serviceName,
      ...(managedBy !== undefined && { 'endpointslice.kubernetes.io/managed-by': managedBy }),
    },
    ...(owner !== undefined && {
      ownerReferences: [{ kind: 'Service', name: serviceName, uid: owner, controller: true }],
    }),
  },
  addressType: 'IPv4',
  endpoints: [],
  ports: [],
});

beforeEach(() => {
  world = new World();
  for (const name of ['pg-0', 'pg-1']) world.setPod(aPod({ name }));
  annotate({});
  reconcile(0);
});

describe('what we make', () => {
  it('what we make is a Service without selector, node port or copied labels, owned by the source', () => {
    expect(world.objects.services.get(LEADER)).toMatchObject({
      metadata: {
        labels: { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'postgres' },
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Service', name: 'postgres', uid: 'uid-postgres', controller: true },
        ],
      },
      spec: { type: 'ClusterIP', ports: [{ port: 5432, protocol: 'TCP', targetPort: 5432 }], ipFamilies: ['IPv4'] },
    });
    const { spec, metadata } = world.objects.services.get(LEADER) as { spec: object; metadata: object };
    expect(Object.keys(spec).sort()).toEqual(['ipFamilies', 'ipFamilyPolicy', 'ports', 'type']);
    expect(Object.keys(metadata)).not.toContain('annotations');
  });

  it('what we make is a slice with route and record in one object', () => {
    expect(world.objects.endpointslices.get(SLICE)).toMatchObject({
      metadata: {
        labels: { 'kubernetes.io/service-name': LEADER, 'endpointslice.kubernetes.io/managed-by': 'zen-lead.io' },
        annotations: {
          'zen-lead.io/leader-pod-name': 'pg-0',
          'zen-lead.io/leader-pod-uid': 'uid-pg-0',
          'zen-lead.io/leader-last-switch-time': '2026-01-01T00:00:00.000Z',
          'zen-lead.io/reason': 'FirstLeader',
          'zen-lead.io/epoch': String(T0),
          'zen-lead.io/pods-revision': '102',
          'zen-lead.io/services-revision': '103',
          'zen-lead.io/last-node': 'node-0',
          'zen-lead.io/last-zone': 'zone-0',
        },
      },
      addressType: 'IPv4',
      endpoints: [
        {
          addresses: ['10.0.0.1'],
          conditions: { ready: true, serving: true, terminating: false },
          targetRef: { kind: 'Pod', namespace: 'shop', name: 'pg-0', uid: 'uid-pg-0' },
          nodeName: 'node-0',
          zone: 'zone-0',
        },
      ],
      ports: [{ name: '', port: 5432, protocol: 'TCP' }],
    });
  });

  it('keeps where the last leader ran through a time without leader, and nothing else of it', () => {
    for (const name of ['pg-0', 'pg-1']) world.deletePod(name);
    reconcile();
    const annotations = world.slice(SLICE)?.annotations ?? {};
    expect(annotations).toMatchObject({ 'zen-lead.io/last-node': 'node-0', 'zen-lead.io/reason': 'NoPodsFound' });
    expect(annotations['zen-lead.io/leader-pod-uid']).toBeUndefined();
  });

  it('what we make is not written again when nothing that matters changed', () => {
    expect(reconcile().writes).toEqual([]);
    world.changePod('pg-0', { readyChangedAt: T0 - 1 });
    world.changePod('pg-1', { labels: { app: 'postgres', note: 'x' } });
    expect(reconcile().writes).toEqual([]);
  });
});

describe('a hand that edits what we own', () => {
  const stored = () => structuredClone(world.objects.endpointslices.get(SLICE)) as Record<string, unknown>;
  it.each<[string, Record<string, unknown>]>([
    ['another address', { endpoints: [{ addresses: ['6.6.6.6'], conditions: { ready: true } }] }],
    ['no endpoint', { endpoints: [] }],
    ['another port', { ports: [{ name: '', port: 1, protocol: 'TCP' }] }],
    ['another service-name', { metadata: { labels: { 'kubernetes.io/service-name': 'other' } } }],
    ['no epoch', { metadata: { annotations: { 'zen-lead.io/epoch': null } } }],
    ['a low epoch', { metadata: { annotations: { 'zen-lead.io/epoch': '3' } } }],
    ['no uid', { metadata: { annotations: { 'zen-lead.io/leader-pod-uid': null } } }],
    ['no revision', { metadata: { annotations: { 'zen-lead.io/pods-revision': null } } }],
    ['a future revision', { metadata: { annotations: { 'zen-lead.io/pods-revision': '99999999' } } }],
    ['no ownerReference', { metadata: { ownerReferences: null } }],
    ['no annotation at all', { metadata: { annotations: null } }],
  ])('%s on the slice is put right', (_, patch) => {
    world.edit('services', LEADER, {
      metadata: {
        annotations: {
          'zen-lead.io/leader-pod-uid': 'uid-pg-0',
          'zen-lead.io/leader-pod-name': 'pg-0',
          'zen-lead.io/announced-epoch': String(T0),
        },
      },
    });
    const { epoch } = reconcile().decision;
    const good = stored();
    world.edit('endpointslices', SLICE, patch);
    const { decision } = reconcile();
    expect(decision.epoch).toBeGreaterThanOrEqual(epoch);
    expect(leaderOf()).toBe('pg-0');
    expect(stored()).toMatchObject({ endpoints: good['endpoints'], ports: good['ports'] });
    expect(world.slice(SLICE)?.annotations['zen-lead.io/leader-pod-uid']).toBe('uid-pg-0');
    expect(reconcile().writes).toEqual([]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['a selector', { spec: { selector: { app: 'postgres' } } }],
    ['other ports', { spec: { ports: [{ port: 1 }] } }],
    ['another type', { spec: { type: 'NodePort' } }],
    ['ExternalName', { spec: { type: 'ExternalName', externalName: 'x.y', ports: null, ipFamilies: null } }],
    ['no ownerReference', { metadata: { ownerReferences: null } }],
    ['the opt-in annotation', { metadata: { annotations: { 'zen-lead.io/enabled': 'true' } } }],
  ])('%s on the leader Service is put right', (_, patch) => {
    const good = world.service(LEADER);
    world.edit('services', LEADER, patch);
    reconcile();
    expect(world.service(LEADER)).toEqual({ ...good, resourceVersion: expect.anything() });
    expect(reconcile().writes).toEqual([]);
  });

  it('a deleted slice is made again for the same leader, under a greater epoch', () => {
    world.changePod('pg-0', { createdAt: T0 + 1 }); // by the strategy alone it would be pg-1 now
    const { epoch } = reconcile().decision;
    world.edit('services', LEADER, {
      metadata: {
        annotations: {
          'zen-lead.io/leader-pod-uid': 'uid-pg-0',
          'zen-lead.io/leader-pod-name': 'pg-0',
          'zen-lead.io/announced-epoch': String(epoch),
        },
      },
    });
    world.remove('endpointslices', SLICE);
    const { decision } = reconcile();
    expect(decision).toMatchObject({ kind: 'elected', reason: 'SliceMadeAnew', leader: { name: 'pg-0' } });
    expect(decision.epoch).toBeGreaterThan(epoch);
  });

  it('a deleted leader Service is made again, and the leader stays', () => {
    world.remove('services', LEADER);
    expect(reconcile().decision).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' } });
    expect(world.service(LEADER)).toBeDefined();
  });

  it('what Kubernetes made of a selector goes with it, and only that', () => {
    const uid = world.service(LEADER)?.uid ?? '';
    world.edit('services', LEADER, { spec: { selector: { app: 'postgres' } } });
    world.create('endpointslices', foreignSlice('leader-abcde', LEADER, 'endpointslice-controller.k8s.io', uid));
    world.create(
      'endpointslices',
      foreignSlice('leader-mirror', LEADER, 'endpointslicemirroring-controller.k8s.io', 'e'),
    );
    world.create('endpointslices', foreignSlice('leader-byhand', LEADER));
    const { writes, decision } = reconcile();
    expect(writes.map(({ kind, name }) => [kind, name])).toEqual([
      ['patch', LEADER],
      ['delete', 'leader-abcde'],
      ['deleteControllerEndpoints', LEADER],
    ]);
    expect(decision.warnings.map(({ reason, value }) => [reason, value])).toContainEqual([
      'ForeignEndpointSlice',
      'leader-byhand',
    ]);
    expect(leaderOf()).toBe('pg-0');
  });

  it('removes what a mirrored slice stands for in the second stage, where it keeps nothing else waiting', () => {
    world.create(
      'endpointslices',
      foreignSlice('leader-mirror', LEADER, 'endpointslicemirroring-controller.k8s.io', 'e'),
    );
    const { writes } = reconcile();
    expect(writes.map(({ kind, stage }) => [kind, stage])).toEqual([['deleteControllerEndpoints', 'follow']]);
  });

  it('an object without its label is no longer ours: it is left as it is, and named', () => {
    world.edit('services', LEADER, {
      metadata: { labels: { 'app.kubernetes.io/managed-by': null } },
      spec: { ports: [{ port: 9 }] },
    });
    world.changePod('pg-0', { ready: false });
    const { writes, decision } = reconcile();
    expect(writes.map((write) => write.name)).toEqual([SLICE]);
    expect(decision.warnings).toMatchObject([{ reason: 'NameConflict', value: LEADER }]);
    expect(leaderOf()).toBe('pg-1');
  });
});

describe('what Kubernetes makes for the source itself', () => {
  it('is left alone, although the source owns it: its slices are managed by the controller', () => {
    world.create(
      'endpointslices',
      foreignSlice('postgres-abcde', 'postgres', 'endpointslice-controller.k8s.io', 'uid-postgres'),
    );
    annotate({}, { annotations: {} });
    expect(reconcile().writes.map(({ name }) => name)).toEqual([SLICE, LEADER]);
    expect(reconcile().writes).toEqual([]);
  });
});

describe('names', () => {
  it('renaming keeps the leader, leaves nothing behind, and the epoch grows', () => {
    const { epoch } = reconcile().decision;
    annotate({ 'leader-service-name': 'db' });
    const { writes, decision } = reconcile();
    expect(writes.map(({ kind, name }) => [kind, name])).toEqual([
      ['create', 'db'],
      ['create', 'db-ipv4'],
      ['delete', SLICE],
      ['delete', LEADER],
    ]);
    expect(decision).toMatchObject({ kind: 'elected', reason: 'SliceMadeAnew', leader: { name: 'pg-0' } });
    expect(decision.epoch).toBeGreaterThan(epoch);
    expect(reconcile().writes).toEqual([]);
  });

  it('a rename cut short at any point is finished by the next reconcile', () => {
    for (let cut = 0; cut < 4; cut++) {
      annotate({ 'leader-service-name': `db${cut}` });
      const { writes } = worldReconcilePartially(cut);
      expect(writes).toBeGreaterThan(cut);
      reconcile();
      expect([...world.objects.services.keys()]).toEqual([`db${cut}`]);
      expect([...world.objects.endpointslices.keys()]).toEqual([`db${cut}-ipv4`]);
      expect(leaderOf(`db${cut}-ipv4`)).toBe('pg-0');
    }
  });

  function worldReconcilePartially(count: number): { readonly writes: number } {
    const twin = new World();
    Object.assign(twin, {
      pods: world.pods,
      sources: world.sources,
      objects: world.objects,
      revision: world.revision,
      podsRevision: world.podsRevision,
      servicesRevision: world.servicesRevision,
    });
    let applied = 0;
    const apply = twin.apply.bind(twin);
    twin.apply = (write) => {
      if (applied++ < count) apply(write);
    };
    twin.reconcile(T0 + 1_000);
    Object.assign(world, { revision: twin.revision, servicesRevision: twin.servicesRevision });
    return { writes: applied };
  }

  it('a name that a foreign Service has is refused, and that Service is not touched', () => {
    world = new World();
    world.setPod(aPod({ name: 'pg-0' }));
    world.create('services', foreignService(LEADER));
    annotate({});
    expect(reconcile()).toMatchObject({ decision: { kind: 'refused', reason: 'NameConflict' }, writes: [] });
  });

  it('a name that cannot be read is the default one where there is no leader Service yet', () => {
    world = new World();
    annotate({ 'leader-service-name': 'Not A Name' });
    expect(reconcile().decision.plan?.leaderServiceName).toBe(LEADER);
  });

  it('a default name of 63 characters is taken', () => {
    const name = 'p'.repeat(63 - '-leader'.length);
    world.setSource(aService({}, { name }));
    expect(world.reconcile(T0, name).decision.plan?.leaderServiceName).toBe(`${name}-leader`);
  });

  it('what stands in the way is said of the wanted name alone where the former one is taken too', () => {
    world.create('services', foreignService('taken'));
    world.remove('services', LEADER);
    world.create('services', foreignService(LEADER));
    annotate({ 'leader-service-name': 'taken' });
    expect(reconcile().decision).toMatchObject({ kind: 'refused', warnings: [{ value: 'taken' }] });
  });

  it('a name that a Service of no source has is said to be not ours to change', () => {
    world.create('services', foreignService('taken'));
    annotate({ 'leader-service-name': 'taken' });
    expect(reconcile().decision.warnings).toMatchObject([
      { message: expect.stringMatching(/^Service "taken" exists and is not ours to change\./) },
    ]);
  });

  it('renaming to a taken name keeps the leader Service that there is, and its failovers', () => {
    world.create('services', foreignService('taken'));
    annotate({ 'leader-service-name': 'taken' });
    world.changePod('pg-0', { ready: false });
    expect(reconcile().decision).toMatchObject({
      kind: 'elected',
      leader: { name: 'pg-1' },
      warnings: [{ reason: 'NameConflict' }],
    });
    expect(leaderOf()).toBe('pg-1');
  });

  it('the leader Service is not made a second time where it has lost our label meanwhile', () => {
    world.create('services', foreignService('taken'));
    world.edit('services', LEADER, { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } });
    annotate({ 'leader-service-name': 'taken' });
    expect(reconcile()).toMatchObject({ decision: { kind: 'kept', leader: { name: 'pg-0' } }, writes: [] });
    world.changePod('pg-0', { ready: false });
    reconcile();
    expect(leaderOf()).toBe('pg-1');
  });

  it('a Service of another owner under our name is not sent to our pod', () => {
    world.remove('services', LEADER);
    world.create('services', foreignService(LEADER));
    expect(reconcile().writes).toMatchObject([{ kind: 'delete', resource: 'endpointslices', name: SLICE }]);
    expect(reconcile().writes).toEqual([]);
  });

  it('the first of two sources that want one name keeps it', () => {
    annotate({ 'leader-service-name': 'db' });
    reconcile();
    world.setSource(aService({ 'leader-service-name': 'db' }, { name: 'mysql' }));
    expect(world.reconcile(T0, 'mysql')).toMatchObject({
      decision: { kind: 'refused', reason: 'NameConflict' },
      writes: [],
    });
    expect(reconcile().writes).toEqual([]);
  });

  it('two sources that want each other’s name keep their own, and the warning names the way out', () => {
    const mysql = (annotations: Record<string, string>) => world.setSource(aService(annotations, { name: 'mysql' }));
    mysql({});
    world.reconcile(T0, 'mysql');
    annotate({ 'leader-service-name': 'mysql-leader' });
    mysql({ 'leader-service-name': LEADER });
    for (const [name, other] of [
      ['postgres', 'mysql'],
      ['mysql', 'postgres'],
    ] as const) {
      const { decision, writes } = world.reconcile(T0 + 1_000, name);
      const message = `Service "${other}-leader" is the leader Service of "${other}". Give that one another name first; two that swap names need a third name in between.`;
      expect(decision).toMatchObject({ kind: 'kept', warnings: [{ reason: 'NameConflict', message }] });
      expect(writes).toEqual([]);
    }
    mysql({ 'leader-service-name': 'between' });
    for (const name of ['mysql', 'postgres']) world.reconcile(T0 + 2_000, name);
    mysql({ 'leader-service-name': LEADER });
    for (const name of ['mysql', 'postgres']) world.reconcile(T0 + 3_000, name);
    expect([...world.objects.services].map(([name]) => [name, world.service(name)?.owner?.name]).sort()).toEqual([
      ['mysql-leader', 'postgres'],
      [LEADER, 'mysql'],
    ]);
  });

  it('a Service that we own is not called another source’s when its source was made again under its name', () => {
    world.setSource({ ...aService(), uid: 'uid-second' as never });
    expect(reconcile().decision.warnings).toMatchObject([{ message: expect.stringContaining('not ours to change') }]);
  });

  it.each([['its own name', 'postgres']])('a source cannot have %s', (_, name) => {
    world = new World();
    annotate({ 'leader-service-name': name });
    expect(reconcile().decision).toMatchObject({ kind: 'refused', reason: 'NameConflict' });
  });

  it('a default name over 63 characters is refused, and another one can be given', () => {
    const name = 'p'.repeat(57);
    world = new World();
    world.setSource(aService({}, { name }));
    expect(world.reconcile(T0, name).decision).toMatchObject({ kind: 'refused', reason: 'InvalidService' });
    world.setSource(aService({ 'leader-service-name': 'p' }, { name }));
    expect(world.reconcile(T0, name).decision.kind).toBe('lost');
  });

  it('a foreign slice under the name of our slice is refused before anything is made', () => {
    world = new World();
    world.create('endpointslices', foreignSlice(SLICE, 'x'));
    annotate({});
    expect(reconcile()).toMatchObject({ decision: { kind: 'refused', reason: 'ForeignEndpointSlice' }, writes: [] });
  });

  it('a foreign slice under one family’s name leaves the other family reconciled, with the record, until it is gone', () => {
    annotate({}, { ipFamilies: ['IPv4', 'IPv6'] });
    for (const name of ['pg-0', 'pg-1'])
      world.setPod(aPod({ name, ips: [`10.0.0.1${name.at(-1)}`, `fd00::${name.at(-1)}`] }));
    reconcile(0);
    world.remove('endpointslices', SLICE);
    world.create('endpointslices', foreignSlice(SLICE, 'x'));
    // What is left may be behind what was lost, so the epoch counts from the time.
    expect(reconcile()).toMatchObject({
      decision: { reason: 'SliceMadeAnew', epoch: T0 + 1_000, leader: { name: 'pg-0' }, warnings: [{ value: SLICE }] },
    });
    world.setPod(aPod({ name: 'pg-0', ready: false, ips: ['10.0.0.10', 'fd00::0'] }));
    reconcile();
    expect(leaderOf('postgres-leader-ipv6')).toBe('pg-1');
    expect(world.slice(SLICE)?.managedBy).not.toBe('zen-lead.io');

    world.remove('endpointslices', SLICE);
    reconcile();
    expect([leaderOf(), leaderOf('postgres-leader-ipv6')]).toEqual(['pg-1', 'pg-1']);
    expect(world.slice('postgres-leader-ipv6')?.annotations).not.toHaveProperty('zen-lead.io/pods-revision');
    expect(reconcile().writes).toEqual([]);
  });

  it('that family is reconciled also beside followers, whose slices are ours too', () => {
    annotate({ followers: 'true' }, { ipFamilies: ['IPv4', 'IPv6'] });
    reconcile(0);
    reconcile(0);
    world.remove('endpointslices', SLICE);
    world.create('endpointslices', foreignSlice(SLICE, 'x'));
    expect(reconcile().decision).toMatchObject({ kind: 'elected', warnings: [{ value: SLICE }] });
  });

  it('our slices go where the whole name is taken, because no reconcile updates them', () => {
    annotate({}, { ipFamilies: ['IPv4', 'IPv6'] });
    reconcile(0);
    world.remove('endpointslices', SLICE);
    world.create('endpointslices', foreignSlice(SLICE, 'x'));
    annotate({}, { ipFamilies: ['IPv4'] });
    expect(reconcile()).toMatchObject({
      decision: { kind: 'refused', reason: 'ForeignEndpointSlice' },
      writes: [{ kind: 'delete', stage: 'route', name: 'postgres-leader-ipv6' }],
    });
    expect(reconcile().writes).toEqual([]);
  });

  it('an orphaned slice of the name that we keep is adopted, also when another name is wanted and the Service is gone', () => {
    annotate({}, { ipFamilies: ['IPv4', 'IPv6'] });
    reconcile(0);
    world.create('services', foreignService('taken'));
    annotate({ 'leader-service-name': 'taken' }, { ipFamilies: ['IPv4', 'IPv6'] });
    world.remove('services', LEADER);
    world.edit('endpointslices', 'postgres-leader-ipv6', { metadata: { ownerReferences: null } });
    reconcile();
    expect(world.slice('postgres-leader-ipv6')?.owner?.uid).toBe('uid-postgres');
    expect(reconcile().writes).toEqual([]);
  });

  it.each([
    ['first', (names: readonly string[]) => names.toReversed()],
    ['last', (names: readonly string[]) => names],
  ])(
    'of two leader Services without a record the orphaned one does not go on, also where it is listed %s',
    (_, order) => {
      world.remove('endpointslices', SLICE);
      world.create('services', foreignService('taken'));
      annotate({ 'leader-service-name': 'taken' });
      const labels = { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'postgres' };
      world.create('services', {
        metadata: { name: 'a-former', labels },
        spec: { ports: [{ port: 1 }], ipFamilies: ['IPv4'] },
      });
      const { services } = world.objects;
      const listed = new Map(services);
      services.clear();
      for (const name of order([...listed.keys()])) services.set(name, listed.get(name) ?? {});
      expect(reconcile().decision.plan?.leaderServiceName).toBe(LEADER);
    },
  );

  it('a foreign slice under the name of a family that the source does not have is named, and moves nothing', () => {
    world.create('endpointslices', foreignSlice('postgres-leader-ipv6', 'x'));
    expect(reconcile()).toMatchObject({
      decision: { kind: 'kept', warnings: [{ reason: 'ForeignEndpointSlice', value: 'postgres-leader-ipv6' }] },
      writes: [],
    });
  });

  it('a slice with our manager label that another Service left is named too, and moves nothing', () => {
    world = new World();
    world.create('endpointslices', foreignSlice(SLICE, 'x', 'zen-lead.io'));
    annotate({});
    expect(reconcile()).toMatchObject({ decision: { kind: 'refused', reason: 'ForeignEndpointSlice' }, writes: [] });
  });

  it('a foreign slice under the name of our slice is refused also while the leader Service has lost our label', () => {
    world.edit('services', LEADER, { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } });
    world.remove('endpointslices', SLICE);
    world.create('endpointslices', foreignSlice(SLICE, LEADER));
    expect(reconcile()).toMatchObject({ decision: { kind: 'refused', reason: 'ForeignEndpointSlice' }, writes: [] });
  });
});

describe('orphans', () => {
  it('orphans left by a deletion with --cascade=orphan are adopted by the next source of that name', () => {
    for (const resource of ['services', 'endpointslices'] as const) {
      for (const name of world.objects[resource].keys())
        world.edit(resource, name, { metadata: { ownerReferences: null } });
    }
    world.setSource({ ...aService(), uid: 'uid-second' as never, resourceVersion: version(9) });
    const { writes, decision } = reconcile();
    expect(writes.map((write) => write.kind)).toEqual(['patch', 'patch']);
    expect(decision).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' } });
    expect(world.service(LEADER)?.owner?.uid).toBe('uid-second');
    expect(world.slice(SLICE)?.owner?.uid).toBe('uid-second');
  });

  const owned = () => {
    const { services, slices } = findOwned(world.snapshot(), ['wanted']);
    return [...services, ...slices].map(({ name }) => name).sort();
  };

  it.each([
    ['our labels for a source of this name', { managed: 'zen-lead', source: 'postgres' }, true],
    ['our labels for another source', { managed: 'zen-lead', source: 'mysql' }, false],
    ['the source’s name without our label', { managed: 'helm', source: 'postgres' }, false],
  ])('a Service without controller is left to us with %s: %s', (_, { managed, source }, isLeft) => {
    world = new World();
    annotate({});
    const labels = { 'app.kubernetes.io/managed-by': managed, 'zen-lead.io/source-service': source };
    world.create('services', { metadata: { name: LEADER, labels }, spec: { ports: [{ port: 1 }] } });
    expect(owned()).toEqual(isLeft ? [LEADER] : []);
  });

  it.each([
    ['of a name that we want', 'postgres-leader-ipv4', 'wanted', true],
    ['of our Service', 'postgres-leader-ipv4', 'former', true],
    ['of a Service that our slice routes for', 'postgres-leader-ipv4', 'routed', true],
    ['of a Service that another one’s slice routes for', 'postgres-leader-ipv4', 'elsewhere', false],
    ['of another Service', 'postgres-leader-ipv4', 'mysql-leader', false],
  ])('a slice without controller %s: %s of %s is left to us: %j', (_, name, serviceName, isLeft) => {
    world = new World();
    annotate({});
    const labels = { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'postgres' };
    world.create('services', { metadata: { name: 'former', labels }, spec: { ports: [{ port: 1 }] } });
    world.create('endpointslices', foreignSlice('ours', 'routed', 'zen-lead.io', 'uid-postgres'));
    world.create('endpointslices', foreignSlice(LEADER, 'elsewhere', 'someone', 'uid-postgres'));
    world.create('endpointslices', foreignSlice(name, serviceName, 'zen-lead.io'));
    expect(owned().includes(name)).toBe(isLeft);
  });

  it('orphans stay as they are when the next source of that name is not opted in', () => {
    for (const resource of ['services', 'endpointslices'] as const) {
      for (const name of world.objects[resource].keys())
        world.edit(resource, name, { metadata: { ownerReferences: null } });
    }
    annotate({}, { annotations: {} });
    expect(reconcile().writes).toEqual([]);
  });

  it('objects of a source that was deleted and made again are waited for, not touched', () => {
    world.setSource({ ...aService(), uid: 'uid-second' as never });
    expect(reconcile()).toMatchObject({ decision: { kind: 'refused', reason: 'NameConflict' }, writes: [] });
  });
});

describe('followers', () => {
  const names = (slice: string) => world.slice(slice)?.spec?.endpoints.map((endpoint) => endpoint.targetRef?.name);

  it('followers are every other Ready pod, in a Service of their own', () => {
    world.setPod(aPod({ name: 'pg-2', exclude: 'true' }));
    world.setPod(aPod({ name: 'pg-3', ready: false }));
    annotate({ followers: 'true' });
    const { writes } = reconcile();
    expect(new Set(writes.map((write) => write.stage))).toEqual(new Set(['follow']));
    expect(names('postgres-followers-ipv4')).toEqual(['pg-1', 'pg-2']);
    expect(reconcile().writes).toEqual([]);
    world.changePod('pg-0', { ready: false });
    reconcile();
    expect(names('postgres-followers-ipv4')).toEqual(['pg-2']);
    annotate({});
    reconcile();
    expect(world.service('postgres-followers')).toBeUndefined();
    expect(world.slice('postgres-followers-ipv4')).toBeUndefined();
  });

  it('followers stand in slices of at most 1,000, and apart where their ports differ', () => {
    for (let i = 2; i < 1_103; i++) world.setPod(aPod({ name: `pg-${i}`, ips: [`10.1.${i >> 8}.${i & 255}`] }));
    world.changePod('pg-7', { ports: [{ name: 'pg', port: 7, protocol: 'TCP' }] });
    annotate({ followers: 'readers' }, { ports: [{ name: '', protocol: 'TCP', port: 5432, targetPort: 'pg' }] });
    reconcile();
    expect(names('readers-ipv4')).toHaveLength(1_000);
    const counts = [2, 3].map((n) => names(`readers-ipv4-${n}`)?.length);
    expect(counts.toSorted()).toEqual([1, 101]);
    expect(reconcile().writes).toEqual([]);
  });

  it('followers are not made where a foreign slice has the place of theirs, and the route goes on', () => {
    world.create('endpointslices', foreignSlice('postgres-followers-ipv4', 'x'));
    annotate({ followers: 'true' });
    expect(reconcile()).toMatchObject({
      decision: { kind: 'kept', warnings: [{ reason: 'ForeignEndpointSlice', value: 'postgres-followers-ipv4' }] },
      writes: [],
    });
  });

  it('followers are not made under a default name over 63 characters, and the route goes on', () => {
    const name = 'p'.repeat(54);
    world = new World();
    world.setPod(aPod({ name: 'pg-0' }));
    world.setSource(aService({ followers: 'true' }, { name }));
    world.reconcile(T0, name);
    const { decision, writes } = world.reconcile(T0, name);
    expect(writes).toEqual([]);
    expect(decision).toMatchObject({
      kind: 'kept',
      warnings: [{ reason: 'InvalidService', value: `${name}-followers` }],
    });
  });

  it.each(['postgres', LEADER, 'other'])('followers are not made under the taken name %s', (name) => {
    world.create('services', foreignService('other'));
    annotate({ followers: name });
    const { writes, decision } = reconcile();
    expect(writes).toEqual([]);
    expect(decision.warnings).toMatchObject([{ reason: 'NameConflict', value: name }]);
  });
});
