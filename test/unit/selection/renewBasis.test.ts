/**
 * The record moves to the slice of another family, or of another name. Until it has moved, the old
 * slice says what that is decided on, and routes to no pod that does not lead.
 */

import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { renewBasis } from '../../../lib/selection/renewBasis.ts';
import type { PodView, ResourceVersion, Snapshot } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, T0, version } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const OLD = 'postgres-leader-ipv4';
const both = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' } as const;
const flipped = { ...both, ipFamilies: ['IPv6', 'IPv4'] } as const;

beforeEach(() => {
  world = new World();
  world.setPod(aPod({ name: 'pg-0', ips: ['10.0.0.1', 'fd00::1'] }));
  world.setPod(aPod({ name: 'pg-1', ips: ['10.0.0.2', 'fd00::2'] }));
  world.setSource(aService({}, both));
  world.reconcile(T0);
});

const flip = () => world.setSource(aService({}, flipped));
const rename = () => world.setSource(aService({ 'leader-service-name': 'db' }, both));
/** What is written before the record moves. */
function renewed(snapshot: Snapshot = world.snapshot()) {
  const { decision, writes } = assess(snapshot, T0 + 1_000);
  return renewBasis(snapshot, decision, writes);
}
const addresses = () => world.slice(OLD)?.spec?.endpoints.map((endpoint) => endpoint.addresses[0]);
const revisions = () =>
  ['pods', 'services'].map((kind) => world.slice(OLD)?.annotations[`zen-lead.io/${kind}-revision`]);
const change = (change: Partial<PodView>) => world.changePod('pg-0', change);

describe('the slice that is to hand its record over', () => {
  it.each([
    ['the primary family changes', flip],
    ['the leader Service is renamed', rename],
  ])('says what that is decided on where %s, and goes on routing to the leader', (_, begin) => {
    begin();
    const writes = renewed();
    expect(writes).toMatchObject([{ resource: 'endpointslices', kind: 'patch', stage: 'route', name: OLD }]);
    for (const write of writes) world.apply(write);
    expect(revisions()).toEqual([String(world.podsRevision), String(world.servicesRevision)]);
    expect(world.slice(OLD)).toMatchObject({
      annotations: { 'zen-lead.io/leader-pod-name': 'pg-0', 'zen-lead.io/epoch': expect.any(String) },
      spec: { endpoints: [{ addresses: ['10.0.0.1'], ready: true, targetRef: { name: 'pg-0' } }] },
    });
  });

  it('says it once for a change of the source, however often that is tried', () => {
    flip();
    for (const write of renewed()) world.apply(write);
    expect(renewed()).toEqual([]);
    world.setPod(aPod({ name: 'pg-2', ips: ['10.0.0.3', 'fd00::3'] }));
    world.setSource(aService({}, { name: 'mysql' }));
    expect(renewed()).toEqual([]);
    flip();
    expect(renewed()).toHaveLength(1);
  });

  it('says it also where a hand has taken the revision away, once', () => {
    world.edit('endpointslices', OLD, { metadata: { annotations: { 'zen-lead.io/services-revision': null } } });
    flip();
    for (const write of renewed()) world.apply(write);
    expect(revisions()).toEqual([String(world.podsRevision), String(world.servicesRevision)]);
    expect(renewed()).toEqual([]);
  });

  it('says nothing where the versions of Services are no numbers', () => {
    world.edit('endpointslices', OLD, { metadata: { annotations: { 'zen-lead.io/services-revision': null } } });
    flip();
    const { revisions, ...snapshot } = world.snapshot();
    const opaque = 'a1' as ResourceVersion;
    expect(renewed({ ...snapshot, revisions: { ...revisions, services: opaque } })).toEqual([]);
  });

  it('says nothing where a newer state has been decided on than this one', () => {
    flip();
    const { revisions, ...snapshot } = world.snapshot();
    expect(renewed({ ...snapshot, revisions: { ...revisions, services: version(1) } })).toEqual([]);
  });

  it('routes to no pod where its leader is left in the same write', () => {
    change({ ready: false, readyChangedAt: T0 });
    flip();
    for (const write of renewed()) world.apply(write);
    expect(addresses()).toEqual([]);
  });

  it('routes to no pod where no pod leads any more', () => {
    for (const name of ['pg-0', 'pg-1']) world.changePod(name, { ready: false, readyChangedAt: T0 });
    flip();
    for (const write of renewed()) world.apply(write);
    expect(addresses()).toEqual([]);
  });

  it('routes to no pod where its leader has lost the address of that family', () => {
    change({ ips: ['fd00::1'] });
    flip();
    for (const write of renewed()) world.apply(write);
    expect(addresses()).toEqual([]);
  });

  it('routes to no pod that a hand has written there', () => {
    world.edit('endpointslices', OLD, { metadata: { annotations: { 'zen-lead.io/leader-pod-uid': 'uid-pg-9' } } });
    flip();
    for (const write of renewed()) world.apply(write);
    expect(addresses()).toEqual([]);
  });

  it.each([
    ['holds names, as another client made it', { addressType: 'FQDN', endpoints: [], ports: [] } as const],
    ['came without what it routes to', null],
  ])('routes to no pod where it %s', (_, spec) => {
    flip();
    const { slices, ...snapshot } = world.snapshot();
    const writes = renewed({
      ...snapshot,
      slices: slices.map((each) => (each.name === OLD ? { ...each, spec } : each)),
    });
    expect(writes).toMatchObject([{ name: OLD, patch: { endpoints: [] } }]);
  });

  it('follows its leader to another address', () => {
    change({ ips: ['10.0.0.99', 'fd00::1'] });
    flip();
    for (const write of renewed()) world.apply(write);
    expect(addresses()).toEqual(['10.0.0.99']);
  });
});

describe('nothing is said', () => {
  it('where nothing is to be written', () => {
    expect(renewed()).toEqual([]);
  });

  it('where the slice that has the record keeps it', () => {
    change({ ips: ['10.0.0.99', 'fd00::1'] });
    expect(renewed()).toEqual([]);
    world.setSource(aService({ sticky: 'false', 'pin-leader': 'pg-1' }, both));
    expect(renewed()).toEqual([]);
  });

  it('where there is no record yet', () => {
    for (const name of ['postgres-leader-ipv4', 'postgres-leader-ipv6']) world.remove('endpointslices', name);
    flip();
    expect(renewed()).toEqual([]);
  });

  it('where the Service is opted out, or gone', () => {
    world.setSource(aService({ enabled: 'false' }, flipped));
    expect(renewed()).toEqual([]);
    world.sources.clear();
    expect(renewed()).toEqual([]);
  });

  it('on a slice without an owner, which is adopted first', () => {
    world.edit('endpointslices', OLD, { metadata: { ownerReferences: null } });
    flip();
    expect(renewed()).toEqual([]);
  });

  it('before Services alone are written, although one is called as the slice that takes the record', () => {
    world.setSource(aService({ 'leader-service-name': 'db-ipv6' }, flipped));
    for (const at of [1_000, 2_000, 3_000]) world.reconcile(T0 + at);
    world.setSource(aService({ 'leader-service-name': 'db' }, flipped));
    const snapshot = world.snapshot();
    const { decision, writes } = assess(snapshot, T0 + 4_000);
    expect(renewBasis(snapshot, decision, writes)).toMatchObject([{ name: 'db-ipv6-ipv6' }]);
    const services = writes.filter((write) => 'resource' in write && write.resource === 'services');
    expect(services.map(({ name }) => name)).toContain('db-ipv6');
    expect(renewBasis(snapshot, decision, services)).toEqual([]);
  });

  it('before other objects are written, while the slice that takes the record stands', () => {
    flip();
    const snapshot = world.snapshot();
    const { decision, writes } = assess(snapshot, T0 + 1_000);
    const others = writes.filter(({ name }) => name !== 'postgres-leader-ipv6');
    expect(renewBasis(snapshot, decision, others)).toEqual([]);
  });
});
