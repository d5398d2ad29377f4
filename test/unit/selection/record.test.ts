import { describe, expect, it } from 'vitest';
import { parseEpoch, readRecord, recordOf } from '../../../lib/selection/record.ts';
import type { ServiceView, SliceView, Snapshot } from '../../../lib/selection/snapshot.ts';
import { aService, T0, uidOf, version } from '../../support/objects/builders.ts';

const owner = { kind: 'Service', name: 'postgres', uid: uidOf('postgres') };
const keyed = (notes: Record<string, string>) =>
  Object.fromEntries(Object.entries(notes).map(([key, value]) => [`zen-lead.io/${key}`, value]));
const noted = { 'pods-revision': '100', epoch: '7', 'leader-pod-name': 'pg-0', 'leader-pod-uid': 'uid-pg-0' };

function aSlice(notes: Record<string, string>, overrides: Partial<SliceView> = {}): SliceView {
  return {
    namespace: 'shop',
    name: 'postgres-leader-ipv4',
    uid: uidOf('slice'),
    resourceVersion: version(5),
    serviceName: 'postgres-leader',
    managedBy: 'zen-lead.io',
    annotations: keyed(notes),
    owner,
    terminating: false,
    spec: { addressType: 'IPv4', endpoints: [], ports: [] },
    ...overrides,
  };
}

const routesTo = (name: string, kind = 'Pod'): Partial<SliceView> => {
  const targetRef = { kind, namespace: 'shop', name, uid: uidOf(name) };
  const endpoint = { addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false, targetRef };
  return { spec: { addressType: 'IPv4', endpoints: [{ ...endpoint, nodeName: 'n1', zone: 'z1' }], ports: [] } };
};

function aLeaderService(notes: Record<string, string> = {}, overrides: Partial<ServiceView> = {}): ServiceView {
  const labels = { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': 'postgres' };
  return { ...aService({}, { name: 'postgres-leader', owner, labels, ...overrides }), annotations: keyed(notes) };
}

function read(slices: readonly SliceView[], services: readonly ServiceView[] = [], annotations = {}) {
  const source = aService(annotations);
  const revisions = { pods: version(1), services: version(1), slices: version(1) };
  const snapshot: Snapshot = {
    namespace: 'shop',
    name: 'postgres',
    source,
    candidates: [],
    services,
    slices,
    revisions,
  };
  return readRecord(snapshot);
}

it('is empty without a source, and without our objects', () => {
  const nothing = {
    slice: null,
    service: null,
    leaderServiceName: null,
    leader: null,
    routedAddress: null,
    knownEpoch: 0,
  };
  expect(read([])).toMatchObject(nothing);
  const slices = [aSlice(noted)];
  const revisions = { pods: version(1), services: version(1), slices: version(1) };
  const snapshot = {
    namespace: 'shop',
    name: 'postgres',
    source: null,
    candidates: [],
    services: [],
    slices,
    revisions,
  };
  expect(readRecord(snapshot)).toMatchObject(nothing);
});

it('is read once of a snapshot, however often a reconcile asks', () => {
  let reads = 0;
  const revisions = { pods: version(1), services: version(1), slices: version(1) };
  const snapshot: Snapshot = {
    ...{ namespace: 'shop', name: 'postgres', source: aService(), candidates: [], services: [], revisions },
    get slices() {
      reads++;
      return [aSlice(noted)];
    },
  };
  expect(readRecord(snapshot)).toMatchObject({ knownEpoch: 7 });
  const once = reads;
  expect(readRecord(snapshot)).toMatchObject({ knownEpoch: 7 });
  expect(reads).toBe(once);
});

it('says all that the slice says', () => {
  const at = new Date(T0).toISOString();
  const more = { 'leader-last-switch-time': at, 'services-revision': '99', 'last-node': 'n1', 'last-zone': 'z1' };
  expect(read([aSlice({ ...noted, ...more }, routesTo('pg-0'))], [aLeaderService()])).toMatchObject({
    leaderServiceName: 'postgres-leader',
    service: { name: 'postgres-leader' },
    leader: { name: 'pg-0', uid: 'uid-pg-0', nodeName: 'n1', zone: 'z1' },
    routedAddress: '10.0.0.1',
    knownEpoch: 7,
    lastSwitchAt: T0,
    podsRevision: '100',
    servicesRevision: '99',
    lastNode: 'n1',
    lastZone: 'z1',
  });
});

it('leaves out what it does not know', () => {
  const record = read([aSlice({ ...noted, 'leader-last-switch-time': 'yesterday' })]);
  expect(record.lastSwitchAt).toBeUndefined();
  expect(record.routedAddress).toBeNull();
  expect(record.leader).toStrictEqual({ name: 'pg-0', uid: 'uid-pg-0' });
  expect(read([aSlice(noted)]).lastSwitchAt).toBeUndefined();
});

describe('of two records', () => {
  const renamed = { name: 'db-ipv4', serviceName: 'db', uid: uidOf('other') };
  const inBothOrders = (a: SliceView, b: SliceView, annotations = {}) =>
    [read([a, b], [], annotations), read([b, a], [], annotations)].map(({ slice }) => slice?.name);

  it('the greater epoch wins, also as a number and not as text', () => {
    const slices = [aSlice({ ...noted, epoch: '9' }), aSlice({ ...noted, epoch: '10' }, renamed)] as const;
    expect(inBothOrders(...slices)).toEqual(['db-ipv4', 'db-ipv4']);
  });

  it('one whose epoch cannot be read loses', () => {
    const slices = [aSlice({ ...noted, epoch: 'x' }), aSlice({ ...noted, epoch: '1' }, renamed)] as const;
    expect(inBothOrders(...slices)).toEqual(['db-ipv4', 'db-ipv4']);
  });

  it('the record of the wanted Service wins of two of one epoch, and else the first by name', () => {
    const slices = [aSlice(noted), aSlice(noted, renamed)] as const;
    expect(inBothOrders(...slices)).toEqual(['postgres-leader-ipv4', 'postgres-leader-ipv4']);
    expect(inBothOrders(...slices, { 'leader-service-name': 'wanted' })).toEqual(['db-ipv4', 'db-ipv4']);
  });

  it('the record of the wanted Service wins of two of one epoch, also where the other one was decided on newer state', () => {
    const newer = { ...noted, 'pods-revision': '101', 'services-revision': '101' };
    const slices = [aSlice(noted), aSlice(newer, renamed)] as const;
    expect(inBothOrders(...slices)).toEqual(['postgres-leader-ipv4', 'postgres-leader-ipv4']);
    expect(inBothOrders(...slices, { 'leader-service-name': 'db' })).toEqual(['db-ipv4', 'db-ipv4']);
  });
});

it('the revisions are the newest that any slice was decided on, whichever holds the record', () => {
  const older = { ...noted, epoch: '10', 'pods-revision': '90', 'services-revision': '95' };
  const newer = { ...noted, epoch: '9', 'pods-revision': '100', 'services-revision': '94' };
  const slices = [aSlice(older), aSlice(newer, { name: 'db-ipv4', serviceName: 'db', uid: uidOf('other') })];
  for (const each of [slices, slices.toReversed()])
    expect(read(each)).toMatchObject({ knownEpoch: 10, podsRevision: '100', servicesRevision: '95' });
});

describe('the revisions that were decided on', () => {
  const another = (notes: Record<string, string>) =>
    aSlice(notes, { name: 'db-ipv4', serviceName: 'db', uid: uidOf('other') });
  const servicesRevisions = (a: SliceView, b: SliceView) =>
    [read([a, b]), read([b, a])].map(({ servicesRevision }) => servicesRevision);

  it('the revisions that were decided on are those of another slice where the record has lost its own', () => {
    const slices = [aSlice({ ...noted, epoch: '9' }), another({ epoch: '8', 'services-revision': '94' })] as const;
    expect(servicesRevisions(...slices)).toEqual(['94', '94']);
  });

  it('the revisions that were decided on are the record’s where those of another slice cannot be ordered', () => {
    const record = { ...noted, epoch: '9', 'services-revision': '95' };
    const slices = [aSlice(record), another({ epoch: '8', 'services-revision': 'x' })] as const;
    expect(servicesRevisions(...slices)).toEqual(['95', '95']);
  });

  it('the revisions that were decided on are unknown where no slice holds a record', () => {
    const remains = another({ epoch: '8', 'services-revision': '94' });
    expect(read([remains])).toMatchObject({ slice: null, podsRevision: undefined, servicesRevision: undefined });
  });
});

describe('of the two slices of one leader Service, after a change of the primary family was cut short', () => {
  it.each([
    ['pods', { 'pods-revision': '9' }, { 'pods-revision': '10' }],
    ['Services', { 'services-revision': '9' }, { 'services-revision': '10' }],
  ])('the record that was decided on the newer %s wins', (_kind, older, newer) => {
    const before = aSlice({ ...noted, ...older });
    const after = aSlice({ ...noted, ...newer }, { name: 'postgres-leader-ipv6', uid: uidOf('other') });
    expect([read([before, after]), read([after, before])].map(({ slice }) => slice?.name)).toEqual([
      'postgres-leader-ipv6',
      'postgres-leader-ipv6',
    ]);
  });

  it.each([
    [
      'pods are newer, whatever its Services',
      { 'pods-revision': '9', 'services-revision': '10' },
      'postgres-leader-ipv6',
    ],
    ['name comes first, where neither can be ordered', { 'pods-revision': 'x' }, 'postgres-leader-ipv4'],
    ['name comes first, where both were decided on the same', { 'pods-revision': '10' }, 'postgres-leader-ipv4'],
  ])('the record wins whose %s', (_, of4, winner) => {
    const first = aSlice({ ...noted, 'services-revision': '9', ...of4 });
    const of6 = { ...noted, 'pods-revision': '10', 'services-revision': '9' };
    const second = aSlice(of6, { name: 'postgres-leader-ipv6', uid: uidOf('other') });
    expect([read([first, second]), read([second, first])].map(({ slice }) => slice?.name)).toEqual([winner, winner]);
  });
});

describe('the leader Service', () => {
  const another = (name: string, overrides: Partial<ServiceView> = {}) => aLeaderService({}, { name, ...overrides });
  const nameOf = (services: readonly ServiceView[], slices: readonly SliceView[] = []) =>
    [services, services.toReversed()].map((each) => read(slices, each).leaderServiceName);

  it('the leader Service is the wanted one, then one with our slices, then one that is not orphaned, then the first by name', () => {
    const attached = aSlice({ epoch: '7' }, { serviceName: 'with-slices' });
    const all = [another('postgres-leader', { owner: null }), another('with-slices'), another('b')];
    expect(nameOf(all, [attached])).toEqual(['postgres-leader', 'postgres-leader']);
    const earlier = aSlice({ epoch: '7' }, { serviceName: 'a' });
    expect(nameOf([another('postgres-leader'), another('a')], [earlier])).toEqual([
      'postgres-leader',
      'postgres-leader',
    ]);
    const orphanWithSlices = [another('with-slices', { owner: null }), another('b')];
    expect(nameOf(orphanWithSlices, [attached])).toEqual(['with-slices', 'with-slices']);
    expect(nameOf([another('a', { owner: null }), another('b')])).toEqual(['b', 'b']);
    expect(nameOf([another('c'), another('b')])).toEqual(['b', 'b']);
  });

  it('the leader Service is called as the slice of the other family says, where all else is gone', () => {
    const remains = aSlice({ epoch: '7' }, { name: 'main-ipv6', serviceName: 'main' });
    const followers = aSlice({}, { name: 'a-followers-ipv4', serviceName: 'a-followers' });
    expect(nameOf([], [followers, remains])).toEqual(['main', 'main']);
    expect(nameOf([], [followers])).toEqual([null, null]);
    const another = aSlice({ epoch: '7' }, { name: 'other-ipv6', serviceName: 'other' });
    const unlabelled = aSlice({ epoch: '7' }, { name: 'a-ipv6', serviceName: null });
    for (const slices of [
      [remains, another, unlabelled],
      [unlabelled, another, remains],
    ])
      expect(nameOf([], slices)).toEqual(['main', 'main']);
    expect(nameOf([], [unlabelled])).toEqual([null, null]);
  });

  it('the leader Service is never the followers Service', () => {
    const { labels } = aLeaderService();
    const followers = another('a', { labels: { ...labels, 'zen-lead.io/role': 'followers' } });
    expect(nameOf([followers, another('b')])).toEqual(['b', 'b']);
    expect(nameOf([followers])).toEqual([null, null]);
  });

  it('the leader Service is null where the record belongs to one that is gone', () => {
    expect(read([aSlice(noted)], [another('b')])).toMatchObject({
      leaderServiceName: 'postgres-leader',
      service: null,
    });
  });
});

describe('the leader', () => {
  const lost = { 'pods-revision': '100', epoch: '7' };

  it('the leader is no pod where the record names none, whatever endpoint stands there', () => {
    expect(read([aSlice(lost, routesTo('pg-0'))]).leader).toBeNull();
  });

  it('the leader is found on the endpoint again where the leader Service names the same uid, and only there', () => {
    const slices = [aSlice(lost, routesTo('pg-0'))];
    const found = { name: 'pg-0', uid: 'uid-pg-0', nodeName: 'n1', zone: 'z1' };
    expect(read(slices, [aLeaderService({ 'leader-pod-uid': 'uid-pg-0' })]).leader).toEqual(found);
    expect(read(slices, [aLeaderService({ 'leader-pod-uid': 'uid-pg-1' })]).leader).toBeNull();
    expect(read([aSlice(lost)], [aLeaderService({ 'leader-pod-uid': 'uid-pg-0' })]).leader).toBeNull();
  });

  it.each([{ 'leader-pod-uid': 'uid-pg-0' }, { 'leader-pod-name': 'pg-0' }])(
    'needs name and uid, not %j alone',
    (half) => {
      expect(read([aSlice({ ...lost, ...half })]).leader).toBeNull();
      expect(read([], [aLeaderService(half)]).leader).toBeNull();
    },
  );

  it('the leader is found on the other family’s slice, if that is a leader slice and its endpoint a pod', () => {
    expect(read([aSlice({ epoch: '7' }, routesTo('pg-0'))]).leader).toMatchObject({ name: 'pg-0' });
    expect(read([aSlice({}, routesTo('pg-0'))]).leader).toBeNull();
    expect(read([aSlice({ epoch: '7' }, routesTo('pg-0', 'Node'))]).leader).toBeNull();
  });

  it('the leader is found on the slice of the other family that routes, also beside one that does not', () => {
    const empty = aSlice({ epoch: '7' }, { name: 'a-ipv6' });
    const routing = aSlice({ epoch: '7' }, routesTo('pg-0'));
    for (const slices of [
      [empty, routing],
      [routing, empty],
    ])
      expect(read(slices).leader).toStrictEqual({ name: 'pg-0', uid: 'uid-pg-0', nodeName: 'n1', zone: 'z1' });
  });

  it('the leader is where its own endpoint says, also where a hand has sorted those of a handover', () => {
    const [left, led] = [routesTo('pg-1'), routesTo('pg-0')].map(({ spec }) => spec?.endpoints[0]);
    if (left === undefined || led === undefined) throw new Error('no endpoint');
    const endpoints = [{ ...left, addresses: ['10.0.0.2'] }, led];
    const sorted = aSlice(noted, { spec: { addressType: 'IPv4', endpoints, ports: [] } });
    expect(read([sorted]).routedAddress).toBe('10.0.0.1');
  });

  it('the leader is found on the leader Service where every slice is gone', () => {
    const notes = { 'leader-pod-name': 'pg-0', 'leader-pod-uid': 'uid-pg-0' };
    expect(read([], [aLeaderService(notes)]).leader).toStrictEqual({ name: 'pg-0', uid: 'uid-pg-0' });
  });
});

describe('the greatest epoch known', () => {
  it('the greatest epoch known is that of any slice, and of any announcement', () => {
    expect(read([aSlice(noted)], [aLeaderService({ 'announced-epoch': '8' })]).knownEpoch).toBe(8);
    expect(read([aSlice({ ...noted, 'announced-epoch': '9' })], [aLeaderService()]).knownEpoch).toBe(9);
    expect(read([aSlice(noted), aSlice({ epoch: '12' }, { name: 'other' })]).knownEpoch).toBe(12);
  });

  it.each(['-1', '1.5', '1e3', ' 1', '1 ', '', 'x', '9007199254740993'])('does not come from %j', (text) => {
    expect(parseEpoch(text)).toBeNull();
    expect(read([aSlice({ epoch: text })]).knownEpoch).toBe(0);
  });

  it('the greatest epoch known is none where no object that we own says one', () => {
    expect(read([aSlice({})], [aLeaderService()]).knownEpoch).toBe(0);
  });

  it('the greatest epoch known is a number', () => {
    expect([parseEpoch('0'), parseEpoch('12'), parseEpoch(undefined)]).toEqual([0, 12, null]);
  });
});

describe('what has been announced', () => {
  const onService = { 'announced-epoch': '3', 'leader-pod-uid': 'uid-a', 'announced-leader-pod-uid': 'uid-x' };
  const onSlice = { ...noted, 'announced-epoch': '4', 'announced-leader-pod-uid': 'uid-b' };

  it('stands on the leader Service', () => {
    const { announced } = read([aSlice(onSlice)], [aLeaderService(onService)]);
    expect(announced).toEqual({ epoch: 3, leaderUid: 'uid-a' });
  });

  it('stands on the slice where that Service is a LoadBalancer', () => {
    const { announced } = read([aSlice(onSlice)], [aLeaderService(onService, { type: 'LoadBalancer' })]);
    expect(announced).toEqual({ epoch: 4, leaderUid: 'uid-b' });
  });

  it('stands on the slice of each slot but the first, which share a Service', () => {
    const owned = { slices: [aSlice(onSlice)], services: [aLeaderService(onService)] };
    expect(recordOf(owned, 'postgres-leader', 0).announced).toEqual({ epoch: 3, leaderUid: 'uid-a' });
    expect(recordOf(owned, 'postgres-leader', 1).announced).toEqual({ epoch: 4, leaderUid: 'uid-b' });
  });

  it('what has been announced is nothing where neither says so', () => {
    expect(read([aSlice(noted)]).announced).toEqual({ epoch: null, leaderUid: null });
    expect(read([aSlice(noted)], [aLeaderService()]).announced).toEqual({ epoch: null, leaderUid: null });
  });
});
