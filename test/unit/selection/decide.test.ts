import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const LEADER_SLICE = 'postgres-leader-ipv4';

/** Three Ready pods, and a leader elected at T0: pg-0, the oldest. */
function start(annotations: Record<string, string> = {}, overrides = {}): void {
  world = new World();
  for (const name of ['pg-0', 'pg-1', 'pg-2']) world.setPod(aPod({ name }));
  world.setSource(aService(annotations, overrides));
  world.reconcile(T0);
}
const annotate = (annotations: Record<string, string>, overrides = {}) =>
  world.setSource(aService(annotations, overrides));
const reconcile = (afterMs = 1_000) => world.reconcile(T0 + afterMs).decision;
const lookAgainAt = (now: number) => assess(world.snapshot(), now).nextLookAt;
const routed = () => world.slice(LEADER_SLICE)?.spec?.endpoints.map((endpoint) => endpoint.targetRef?.name);
const notReady = (name: string, atMs = 0) => world.changePod(name, { ready: false, readyChangedAt: T0 + atMs });

beforeEach(() => start());

describe('opting in', () => {
  it('elects the oldest Ready pod', () => {
    expect(routed()).toEqual(['pg-0']);
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });

  it('makes the leader Service and an empty slice while there is no pod, and elects when one comes', () => {
    world = new World();
    world.setSource(aService());
    expect(reconcile(0)).toMatchObject({ kind: 'lost', reason: 'NoPodsFound', leader: null });
    expect(world.service('postgres-leader')).toBeDefined();
    expect(routed()).toEqual([]);
    world.setPod(aPod({ name: 'pg-0' }));
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'FirstLeader', leader: { name: 'pg-0' } });
  });

  it('does nothing for a Service without the annotation, or with one that cannot be read', () => {
    for (const annotations of [{}, { 'zen-lead.io/enabled': 'ture' }]) {
      world = new World();
      world.setPod(aPod({ name: 'pg-0' }));
      world.setSource(aService({}, { annotations }));
      expect(world.reconcile(T0).writes).toEqual([]);
    }
  });

  it('removes what it made after opt-out, the routes before the Service', () => {
    annotate({}, { annotations: {} });
    const { decision, writes } = world.reconcile(T0 + 1);
    expect(decision).toMatchObject({ kind: 'lost', reason: 'OptedOut', previous: { name: 'pg-0' } });
    expect(writes.map(({ kind, stage, name }) => [kind, stage, name])).toEqual([
      ['delete', 'route', LEADER_SLICE],
      ['delete', 'follow', 'postgres-leader'],
    ]);
    expect(world.reconcile(T0 + 2).writes).toEqual([]);
  });

  it('gives a greater epoch when opted in again within a second, also after a failover a millisecond', () => {
    const before = reconcile(0).epoch;
    for (let ms = 1; ms <= 6; ms += 1) {
      const [leader] = routed() ?? [];
      for (const name of ['pg-0', 'pg-1', 'pg-2']) world.changePod(name, { ready: name !== leader });
      expect(reconcile(ms).epoch).toBe(before + ms);
    }
    annotate({}, { annotations: {} });
    for (const ms of [7, 8]) reconcile(ms);
    annotate({});
    expect(reconcile(9).epoch).toBeGreaterThan(before + 6);
  });

  it('starts a slice that is made again one above an epoch that is ahead of the time', () => {
    const ahead = T0 + 3_600_000;
    world.edit('services', 'postgres-leader', {
      metadata: { annotations: { 'zen-lead.io/announced-epoch': String(ahead) } },
    });
    world.remove('endpointslices', LEADER_SLICE);
    expect(reconcile().epoch).toBe(ahead + 1);
  });

  it.each([
    ['starts a slice at its creation, where the clock that decides is behind the API server', 3_600_000, 3_600_000],
    ['starts a slice at the instant of its decision, where the API server has created it before', -700, 5],
  ])('%s', (_, createdAfterMs, expectedAfterMs) => {
    reconcile();
    world.remove('services', 'postgres-leader');
    world.edit('endpointslices', LEADER_SLICE, {
      metadata: {
        creationTimestamp: new Date(T0 + createdAfterMs).toISOString(),
        annotations: { 'zen-lead.io/epoch': null, 'zen-lead.io/pods-revision': null },
      },
    });
    expect(reconcile(5).epoch).toBe(T0 + expectedAfterMs);
  });

  it('leaves everything alone when the source is gone', () => {
    world.sources.clear();
    const nothing = { previous: null, leader: null, epoch: 0, plan: null, warnings: [] };
    expect(world.reconcile(T0 + 1)).toEqual({
      decision: { kind: 'lost', reason: 'SourceGone', ...nothing },
      writes: [],
      nextLookAt: null,
    });
  });
});

describe('a source that waits for a finalizer', () => {
  beforeEach(() => world.setSource(aService({}, { terminating: true })));

  it('keeps its route while the leader is fit', () => {
    expect(world.reconcile(T0 + 1)).toMatchObject({ decision: { reason: 'LeaderFit' }, writes: [] });
  });

  it('fails over while it is there, and routes to no pod when none is fit', () => {
    const [leader] = routed() ?? [];
    world.changePod(String(leader), { ready: false });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderNotReady' });
    expect(routed()).not.toEqual([leader]);
    for (const name of ['pg-0', 'pg-1', 'pg-2']) world.changePod(name, { terminating: true });
    expect(reconcile(2_000)).toMatchObject({ kind: 'lost', reason: 'NoReadyPods' });
    expect(routed()).toEqual([]);
  });

  it('a source that waits for a finalizer gets no object that the garbage collector would have to take away again', () => {
    world.objects.services.clear();
    for (const name of ['pg-0', 'pg-1', 'pg-2']) world.changePod(name, { ready: false });
    const { writes } = world.reconcile(T0 + 1);
    expect(writes.map(({ kind, name }) => [kind, name])).toEqual([['patch', LEADER_SLICE]]);
    world.objects.endpointslices.clear();
    expect(world.reconcile(T0 + 2)).toMatchObject({ decision: { reason: 'SourceGone' }, writes: [] });
  });
});

describe('a source that waits for a finalizer, and is changed', () => {
  const both = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' } as const;
  const routes = () =>
    [...world.objects.endpointslices.values()].map((slice) => {
      const { metadata, endpoints } = slice as {
        metadata: { name: string };
        endpoints: { targetRef?: { name: string } }[];
      };
      return [metadata.name, endpoints.map(({ targetRef }) => targetRef?.name)];
    });
  beforeEach(() => {
    for (const name of ['pg-0', 'pg-1', 'pg-2']) world.changePod(name, { ips: ['10.0.0.1', 'fd00::1'] });
    annotate({}, both);
    for (const ms of [1, 2, 3]) reconcile(ms);
  });

  it('fails over in the family that it no longer asks for, because that slice routes until it is gone', () => {
    const [leader] = routed() ?? [];
    annotate({}, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', terminating: true });
    world.changePod(String(leader), { ready: false });
    for (const ms of [4, 5]) reconcile(ms);
    const [next] = routed() ?? [];
    expect(next).not.toBe(leader);
    expect(routes()).toEqual([
      ['postgres-leader-ipv4', [next]],
      ['postgres-leader-ipv6', [next]],
    ]);
    expect(world.reconcile(T0 + 6).writes).toEqual([]);
  });

  it('stays under its name, because nothing is made under another one', () => {
    annotate({ 'leader-service-name': 'renamed' }, { ...both, terminating: true });
    expect(world.reconcile(T0 + 4)).toMatchObject({ decision: { reason: 'LeaderFit' }, writes: [] });
    const [leader] = routed() ?? [];
    world.changePod(String(leader), { ready: false });
    for (const ms of [5, 6]) reconcile(ms);
    expect(routed()).not.toEqual([leader]);
    expect(world.reconcile(T0 + 7).writes).toEqual([]);
  });
});

describe('a source that waits for a finalizer, with the slice of one family left', () => {
  it('gets no other epoch with each reconcile, because no slice is made that could hold it', () => {
    const both = (ipFamilies: readonly string[]) => ({ ipFamilies, ipFamilyPolicy: 'RequireDualStack' });
    for (const name of ['pg-0', 'pg-1', 'pg-2']) world.changePod(name, { ips: ['10.0.0.1', 'fd00::1'] });
    annotate({}, both(['IPv6', 'IPv4']));
    for (const ms of [1, 2, 3]) reconcile(ms);
    annotate({}, { ...both(['IPv4', 'IPv6']), terminating: true });
    world.objects.endpointslices.delete(LEADER_SLICE);
    reconcile(4);
    expect([5, 6].map((ms) => world.reconcile(T0 + ms).writes)).toEqual([[], []]);
  });

  it('elects no leader again and again that this family has no address of', () => {
    const both = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' } as const;
    annotate({}, both);
    for (const ms of [1, 2, 3]) reconcile(ms);
    annotate({}, { ...both, terminating: true });
    world.objects.services.clear();
    world.objects.endpointslices.delete(LEADER_SLICE);
    reconcile(4);
    expect([5, 6].map((ms) => world.reconcile(T0 + ms).writes)).toEqual([[], []]);
  });
});

describe('a source that waits for a finalizer, with much to be done', () => {
  it('has its routes patched or deleted, and nothing else made, changed or deleted', () => {
    start({ followers: 'true' });
    world.reconcile(T0);
    world.create('endpointslices', {
      metadata: {
        name: 'former-ipv4',
        labels: {
          'kubernetes.io/service-name': 'former',
          'endpointslice.kubernetes.io/managed-by': 'zen-lead.io',
        },
        ownerReferences: [{ kind: 'Service', name: 'postgres', uid: 'uid-postgres', controller: true }],
      },
      addressType: 'IPv4',
      endpoints: [],
      ports: [],
    });
    annotate({ followers: 'true' }, { terminating: true, ports: [{ ...aService().ports[0], port: 1 }] });
    for (const name of ['pg-0', 'pg-1']) world.changePod(name, { ready: false });
    const { writes } = world.reconcile(T0 + 1);
    expect(writes.map(({ kind, stage, name }) => [kind, stage, name])).toEqual([
      ['patch', 'route', LEADER_SLICE],
      ['delete', 'route', 'former-ipv4'],
    ]);
  });
});

describe('a leader slice that waits for a finalizer', () => {
  it('routes to no pod when its family is no longer asked for, because it routes until it is gone', () => {
    for (const name of ['pg-0', 'pg-1', 'pg-2']) world.changePod(name, { ips: ['10.0.0.1', 'fd00::1'] });
    annotate({}, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' });
    for (const ms of [1, 2, 3]) reconcile(ms);
    world.edit('endpointslices', 'postgres-leader-ipv6', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    annotate({}, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    for (const ms of [4, 5]) reconcile(ms);
    expect(world.objects.endpointslices.get('postgres-leader-ipv6')).toMatchObject({ endpoints: [] });
    expect(world.reconcile(T0 + 6).writes).toEqual([]);
  });

  it('follows the leader all the same, because it routes until it is gone', () => {
    world.edit('endpointslices', LEADER_SLICE, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    const [leader] = routed() ?? [];
    world.changePod(String(leader), { ready: false });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderNotReady' });
    expect(routed()).not.toEqual([leader]);
    expect(world.reconcile(T0 + 2_000)).toMatchObject({ decision: { kind: 'kept' }, writes: [] });
  });
});

describe('a leader that stops being fit', () => {
  it.each([
    ['LeaderNotReady', { ready: false }],
    ['LeaderTerminating', { terminating: true }],
    ['LeaderFinished', { phase: 'Failed', ready: false }],
    ['LeaderFinished', { phase: 'Succeeded' }],
    ['LeaderExcluded', { exclude: 'true' }],
    ['LeaderNotSelected', { labels: { app: 'other' } }],
    ['LeaderWithoutAddress', { ips: [] }],
  ] as const)('%s: another one is elected, in one write', (reason, change) => {
    const before = reconcile().epoch;
    world.changePod('pg-0', change);
    const { decision, writes } = world.reconcile(T0 + 2_000);
    expect(decision).toMatchObject({ kind: 'elected', reason, previous: { name: 'pg-0' }, leader: { name: 'pg-1' } });
    expect(decision.epoch).toBe(before + 1);
    expect(writes).toHaveLength(1);
    expect(routed()).toEqual(['pg-1']);
  });

  it('a leader that stops being fit is left when its pod is gone, also when another one comes back under its name', () => {
    world.deletePod('pg-0');
    expect(reconcile()).toMatchObject({ reason: 'LeaderGone', leader: { name: 'pg-1' } });
    start();
    world.deletePod('pg-0');
    world.setPod(aPod({ name: 'pg-0', uid: 'uid-again' as never, createdAt: T0 }));
    expect(reconcile()).toMatchObject({ reason: 'LeaderGone', leader: { name: 'pg-1' } });
  });

  it('a leader that stops being fit stays when it is fit, although an older one becomes fit again', () => {
    notReady('pg-0');
    reconcile();
    world.changePod('pg-0', { ready: true, readyChangedAt: T0 + 2_000 });
    expect(reconcile(3_000)).toMatchObject({ kind: 'kept', leader: { name: 'pg-1' } });
  });
});

describe('without a fit pod', () => {
  it('routes to no pod, and says why', () => {
    for (const name of ['pg-0', 'pg-1', 'pg-2']) notReady(name);
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoReadyPods', previous: { name: 'pg-0' } });
    expect(routed()).toEqual([]);
    for (const name of ['pg-0', 'pg-1', 'pg-2']) world.deletePod(name);
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoPodsFound', previous: null });
  });

  it('holds a last leader that is merely NotReady when asked to', () => {
    annotate({ 'no-leader': 'hold' });
    for (const name of ['pg-0', 'pg-1', 'pg-2']) notReady(name);
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'Held', leader: { name: 'pg-0' } });
    expect(world.slice(LEADER_SLICE)?.spec?.endpoints).toMatchObject([{ ready: true, serving: false }]);
  });

  it.each([
    ['is terminating', { terminating: true }],
    ['has finished', { phase: 'Failed' }],
    ['has lost its address', { ips: ['10.0.0.77'] }],
    ['has lost its label', { labels: {} }],
  ] as const)('does not hold one that %s', (_, change) => {
    annotate({ 'no-leader': 'hold' });
    for (const name of ['pg-1', 'pg-2']) notReady(name);
    world.changePod('pg-0', { ready: false, ...change });
    expect(reconcile().kind).toBe('lost');
    expect(routed()).toEqual([]);
  });
});

describe('failover-min-delay', () => {
  beforeEach(() => start({ 'failover-min-delay': '30s' }));

  it('keeps a NotReady leader until the delay is over, and asks to be called then', () => {
    notReady('pg-0', 1_000);
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'FailoverDelayed', leader: { name: 'pg-0' } });
    expect(lookAgainAt(T0 + 2_000)).toBe(T0 + 31_000);
    expect(reconcile(30_999)).toMatchObject({ kind: 'kept' });
    expect(reconcile(31_000)).toMatchObject({ kind: 'elected', reason: 'LeaderNotReady', leader: { name: 'pg-1' } });
  });

  it('moves at once from a leader that terminates, is gone, is excluded or lost its label', () => {
    world.changePod('pg-0', { ready: false, readyChangedAt: T0, terminating: true });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderTerminating' });
  });

  it('lets a leader that comes back in time go on without min-ready-duration', () => {
    annotate({ 'failover-min-delay': '30s', 'min-ready-duration': '10s' });
    notReady('pg-0', 1_000);
    reconcile(2_000);
    world.changePod('pg-0', { ready: true, readyChangedAt: T0 + 3_000 });
    expect(reconcile(3_001)).toMatchObject({ kind: 'kept', reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });

  it('wins over a pin', () => {
    notReady('pg-0', 1_000);
    annotate({ 'failover-min-delay': '30s', 'pin-leader': 'pg-2' });
    expect(reconcile(2_000)).toMatchObject({ reason: 'FailoverDelayed', leader: { name: 'pg-0' } });
  });
});

describe('min-ready-duration', () => {
  it('waits until a pod has been Ready for long enough, and asks to be called then', () => {
    start({ 'min-ready-duration': '10s' });
    for (const name of ['pg-0', 'pg-1', 'pg-2']) notReady(name);
    reconcile();
    world.changePod('pg-2', { ready: true, readyChangedAt: T0 + 5_000 });
    expect(reconcile(5_000)).toMatchObject({ kind: 'lost', reason: 'WaitingForMinReady' });
    expect(lookAgainAt(T0 + 5_000)).toBe(T0 + 15_000);
    expect(reconcile(15_000)).toMatchObject({ kind: 'elected', leader: { name: 'pg-2' } });
    expect(lookAgainAt(T0 + 15_000)).toBeNull();
  });

  it('holds for a pinned pod too', () => {
    start({ 'min-ready-duration': '10s', 'pin-leader': 'pg-2' });
    expect(routed()).toEqual(['pg-2']);
    start({ 'min-ready-duration': '10s' });
    world.changePod('pg-2', { readyChangedAt: T0 });
    annotate({ 'min-ready-duration': '10s', 'pin-leader': 'pg-2' });
    expect(reconcile(9_999)).toMatchObject({ leader: { name: 'pg-0' } });
    expect(lookAgainAt(T0 + 9_999)).toBe(T0 + 10_000);
    expect(reconcile(10_000)).toMatchObject({ kind: 'elected', reason: 'Pinned', leader: { name: 'pg-2' } });
  });
});

describe('pin, paused, exclude', () => {
  it('moves to a pinned pod while it is fit, and back to the rules when it is not', () => {
    annotate({ 'pin-leader': 'pg-2' });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'Pinned', leader: { name: 'pg-2' } });
    notReady('pg-2', 2_000);
    expect(reconcile(2_000)).toMatchObject({ reason: 'LeaderNotReady', leader: { name: 'pg-0' } });
    world.changePod('pg-2', { ready: true });
    expect(reconcile(3_000)).toMatchObject({ reason: 'Pinned', leader: { name: 'pg-2' } });
  });

  it('ignores a pin on a pod that does not exist', () => {
    annotate({ 'pin-leader': 'pg-9' });
    expect(reconcile()).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' } });
  });

  it.each([{ ready: false }, { terminating: true }, { exclude: 'true' }, { labels: {} }])(
    'freezes a paused leader through %j',
    (change) => {
      annotate({ paused: 'true', 'pin-leader': 'pg-2' });
      world.changePod('pg-0', change);
      expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'Paused', leader: { name: 'pg-0' } });
      expect(routed()).toEqual(['pg-0']);
    },
  );

  it.each([
    ['gone', () => world.deletePod('pg-0')],
    ['finished', () => world.changePod('pg-0', { phase: 'Succeeded', ready: false })],
    ['at another address', () => world.changePod('pg-0', { ready: false, ips: ['10.0.0.99'] })],
  ])('routes to no pod when the paused leader is %s', (_, change) => {
    annotate({ paused: 'true' });
    change();
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'Paused' });
    expect(routed()).toEqual([]);
  });

  it('elects no pod while paused', () => {
    world = new World();
    world.setPod(aPod({ name: 'pg-0' }));
    annotate({ paused: 'true' });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'Paused' });
  });

  it('does not elect an excluded pod', () => {
    world = new World();
    world.setPod(aPod({ name: 'pg-0', exclude: 'true' }));
    world.setPod(aPod({ name: 'pg-1' }));
    annotate({});
    expect(reconcile()).toMatchObject({ leader: { name: 'pg-1' } });
  });
});

describe('strategies', () => {
  it('newest and priority order by what they say, and ties by creation, then name', () => {
    start({ strategy: 'newest' });
    expect(routed()).toEqual(['pg-2']);
    world = new World();
    world.setPod(aPod({ name: 'pg-0', priority: '5' }));
    world.setPod(aPod({ name: 'pg-2', priority: '10' }));
    world.setPod(aPod({ name: 'pg-1', priority: '10', createdAt: aPod({ name: 'pg-2' }).createdAt }));
    annotate({ strategy: 'priority' });
    expect(reconcile()).toMatchObject({ leader: { name: 'pg-1' } });
  });

  it('priority does not preempt a sticky leader, and does without stickiness', () => {
    start({ strategy: 'priority' });
    world.changePod('pg-2', { priority: '100' });
    expect(reconcile()).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' } });
    annotate({ strategy: 'priority', sticky: 'false' });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'Preferred', leader: { name: 'pg-2' } });
    expect(reconcile()).toMatchObject({ kind: 'kept' });
  });

  it.each([
    ['node-aware', { nodeName: 'node-0' }],
    ['zone-aware', { zone: 'zone-0' }],
  ] as const)('%s prefers elsewhere than the last leader, also after a time without any', (strategy, sameAsLeader) => {
    start({ strategy });
    world.changePod('pg-1', sameAsLeader);
    for (const name of ['pg-0', 'pg-1', 'pg-2']) notReady(name);
    expect(reconcile()).toMatchObject({ kind: 'lost' });
    for (const name of ['pg-1', 'pg-2']) world.changePod(name, { ready: true });
    expect(reconcile(2_000)).toMatchObject({ kind: 'elected', leader: { name: 'pg-2' } });
  });

  it('random is repeatable and does not depend on the order of the list', () => {
    const leaders = [0, 1, 2].map((shift) => {
      world = new World();
      for (let i = 0; i < 3; i++) world.setPod(aPod({ name: `pg-${(i + shift) % 3}` }));
      annotate({ strategy: 'random' });
      return reconcile().leader?.name;
    });
    expect(new Set(leaders).size).toBe(1);
  });
});

describe('a value that cannot be read', () => {
  it.each([
    { enabled: 'ture' },
    { sticky: 'no', strategy: 'newest' },
    { strategy: 'latest', sticky: 'false' },
    { 'pin-leader': 'pg-2', 'min-ready-duration': 'long' },
    { 'leader-service-name': 'Not_A_Name' },
    { 'ports-mode': 'lax' },
    { 'no-leader': '' },
    { followers: '-' },
    { 'leader-service-type': 'Cluster' },
    { 'health-check': 'http://nowhere' },
  ])('moves nothing, renames nothing and removes nothing: %j', (annotations) => {
    annotate(annotations as Record<string, string>);
    const { decision, writes } = world.reconcile(T0 + 1);
    expect(writes).toEqual([]);
    expect(decision).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' } });
    expect(decision.warnings.map((warning) => warning.reason)).toContain('InvalidAnnotation');
  });

  it('does not stop a failover, which then goes by the default', () => {
    annotate({ enabled: 'ture', strategy: 'latest' });
    notReady('pg-0');
    expect(reconcile()).toMatchObject({ kind: 'elected', leader: { name: 'pg-1' } });
  });

  it('counts a paused that cannot be read as a pause', () => {
    annotate({ paused: 'yes' });
    notReady('pg-0');
    expect(reconcile()).toMatchObject({ kind: 'kept', reason: 'Paused' });
  });

  it('keeps an endpoint that only a lenient ports-mode allowed when that is misspelt', () => {
    const ports = [{ name: '', protocol: 'TCP', port: 80, targetPort: 'nope' }];
    start({ 'ports-mode': 'lenient' }, { ports });
    annotate({ 'ports-mode': 'lenientt' }, { ports });
    expect(reconcile()).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' } });
    expect(routed()).toEqual(['pg-0']);
  });

  it('keeps the followers and the type that there are', () => {
    start({ followers: 'true', 'leader-service-type': 'NodePort' });
    annotate({ followers: 'Yes!', 'leader-service-type': 'nodeport' });
    expect(world.reconcile(T0 + 1).writes).toEqual([]);
    expect(world.service('postgres-followers')).toBeDefined();
  });

  it('a value that cannot be read on a pod names the pod, and does not move the leader', () => {
    annotate({ strategy: 'priority', sticky: 'false' });
    world.changePod('pg-2', { priority: 'high' });
    world.changePod('pg-1', { priority: '7' });
    const decision = reconcile();
    expect(decision).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' } });
    expect(decision.warnings).toMatchObject([{ reason: 'InvalidAnnotation', value: 'pg-2/zen-lead.io/priority=high' }]);
  });
});

describe('ports', () => {
  const named = { ports: [{ name: 'pg', protocol: 'TCP', port: 5432, targetPort: 'pg' }] };

  it('ports are those of the chosen pod, and change in the same write', () => {
    start({}, named);
    world.changePod('pg-1', { ports: [{ name: 'pg', port: 6543, protocol: 'TCP' }] });
    notReady('pg-0');
    const { writes } = world.reconcile(T0 + 1);
    expect(writes).toHaveLength(1);
    expect(world.slice(LEADER_SLICE)?.spec?.ports).toEqual([{ name: 'pg', port: 6543, protocol: 'TCP' }]);
  });

  it('strict: a pod without the named port is not routed to, and another one that has it is', () => {
    world = new World();
    world.setPod(aPod({ name: 'pg-0', ports: [] }));
    world.setPod(aPod({ name: 'pg-1' }));
    annotate({}, named);
    expect(reconcile()).toMatchObject({ leader: { name: 'pg-1' } });
    world.changePod('pg-1', { ports: [] });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'PortResolutionFailed' });
    expect(routed()).toEqual([]);
  });

  it('lenient: only the port that is missing is left out', () => {
    start(
      { 'ports-mode': 'lenient' },
      { ports: [...named.ports, { name: 'x', protocol: 'TCP', port: 1, targetPort: 'x' }] },
    );
    expect(world.slice(LEADER_SLICE)?.spec?.ports).toEqual([{ name: 'pg', port: 5432, protocol: 'TCP' }]);
    expect(reconcile().warnings).toMatchObject([{ reason: 'PortResolutionFailed', value: 'x' }]);
  });

  it('a port with a protocol of another kind is another port', () => {
    start({}, { ports: [{ name: 'pg', protocol: 'UDP', port: 5432, targetPort: 'pg' }] });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'PortResolutionFailed' });
  });
});

describe('sources of other kinds', () => {
  it.each([
    ['ExternalName', { type: 'ExternalName', selector: null, ipFamilies: [], ports: [] }],
    ['without a selector', { selector: null }],
    ['with an empty selector', { selector: {} }],
  ] as const)('%s is refused, and nothing is made', (_, overrides) => {
    world = new World();
    annotate({}, overrides);
    const { decision, writes } = world.reconcile(T0);
    expect(decision).toMatchObject({ kind: 'refused', reason: 'InvalidService' });
    expect(decision.warnings).toMatchObject([{ reason: 'InvalidService' }]);
    expect(writes).toEqual([]);
  });

  it.each([
    ['ExternalName', { type: 'ExternalName' }, 'is an ExternalName: it selects no pods that could lead.'],
    ['ClusterIP', { selector: null }, 'has no selector: it selects no pods that could lead.'],
  ] as const)('of type %s that select no pods are told so', (value, overrides, message) => {
    world = new World();
    annotate({}, overrides);
    expect(reconcile().warnings).toEqual([
      { reason: 'InvalidService', value, message: `Service "postgres" ${message}` },
    ]);
  });

  it('that stop selecting pods keep the epoch that was reached', () => {
    const { epoch } = reconcile();
    annotate({}, { selector: null });
    expect(reconcile()).toMatchObject({ reason: 'InvalidService', epoch });
  });

  it.each([{ type: 'ExternalName', selector: null, ipFamilies: [], ports: [] }, { selector: null }] as const)(
    'turned into %j routes to no pod, and comes back',
    (overrides) => {
      annotate({}, overrides);
      expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'InvalidService', previous: { name: 'pg-0' } });
      expect(routed()).toEqual([]);
      expect(world.service('postgres-leader')?.ports).toHaveLength(1);
      annotate({});
      expect(reconcile()).toMatchObject({ kind: 'elected', leader: { name: 'pg-0' } });
    },
  );

  it('headless with ports gets a ClusterIP leader, without ports a headless one', () => {
    start({}, { headless: true });
    expect(world.service('postgres-leader')).toMatchObject({ headless: false, type: 'ClusterIP' });
    start({ 'leader-service-type': 'NodePort' }, { headless: true, ports: [] });
    expect(world.service('postgres-leader')).toMatchObject({ headless: true, type: 'ClusterIP', ports: [] });
    expect(routed()).toEqual(['pg-0']);
  });

  it('a leader Service is made again where the API cannot change it in place', () => {
    start({}, { headless: true, ports: [] });
    annotate({}, { headless: true });
    const { writes } = world.reconcile(T0 + 1);
    expect(writes.map(({ kind, name }) => [kind, name])).toEqual([
      ['delete', 'postgres-leader'],
      ['create', 'postgres-leader'],
      ['patch', LEADER_SLICE],
    ]);
    expect(world.reconcile(T0 + 2).writes).toEqual([]);
  });
});

describe('dual-stack', () => {
  const dual = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' } as const;
  const slice6 = () => world.slice('postgres-leader-ipv6');

  it('a dual-stack Service has a slice a family, both with the same pod and epoch', () => {
    start({}, dual);
    for (const n of [0, 1, 2]) world.changePod(`pg-${n}`, { ips: [`10.0.0.${n}`, `fd00::${n}`] });
    reconcile();
    expect(slice6()?.spec).toMatchObject({ addressType: 'IPv6', endpoints: [{ addresses: ['fd00::0'] }] });
    notReady('pg-0');
    const { decision, writes } = world.reconcile(T0 + 2_000);
    expect(writes.map((write) => write.name)).toEqual([LEADER_SLICE, 'postgres-leader-ipv6']);
    expect(slice6()?.spec?.endpoints).toMatchObject([{ addresses: ['fd00::1'] }]);
    expect(slice6()?.annotations).toEqual({ 'zen-lead.io/epoch': String(decision.epoch) });
  });

  it('leaves the slice of a family empty that the leader has no address of', () => {
    start({}, dual);
    expect(slice6()?.spec?.endpoints).toEqual([]);
    expect(routed()).toEqual(['pg-0']);
  });

  it('a pod without an address of the primary family is not fit', () => {
    start({}, { ipFamilies: ['IPv6'] });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'NoReadyPods' });
    world.changePod('pg-2', { ips: ['10.0.0.3', 'fd00::3'] });
    expect(reconcile()).toMatchObject({ kind: 'elected', leader: { name: 'pg-2' } });
    expect(slice6()?.spec?.endpoints).toMatchObject([{ addresses: ['fd00::3'] }]);
  });

  it('hands the record over when the primary family changes, and keeps leader and epoch', () => {
    start({}, dual);
    for (const n of [0, 1, 2]) world.changePod(`pg-${n}`, { ips: [`10.0.0.${n}`, `fd00::${n}`] });
    const { epoch } = reconcile();
    annotate({}, { ...dual, ipFamilies: ['IPv6', 'IPv4'] });
    expect(reconcile()).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' }, epoch });
    expect(slice6()?.annotations['zen-lead.io/leader-pod-name']).toBe('pg-0');
    expect(world.slice(LEADER_SLICE)?.annotations).toEqual({ 'zen-lead.io/epoch': String(epoch) });
    expect(world.reconcile(T0 + 5_000).writes).toEqual([]);
  });

  it('gives no epoch that a late patch of the previous primary slice may carry', () => {
    start({}, dual);
    for (const n of [0, 1, 2]) world.changePod(`pg-${n}`, { ips: [`10.0.0.${n}`, `fd00::${n}`] });
    const { epoch } = reconcile();
    world.changePod('pg-0', { ready: false });
    const late = assess(world.snapshot(), T0 + 1_000).decision;
    expect(late).toMatchObject({ kind: 'elected', epoch: epoch + 1 });
    annotate({}, { ...dual, ipFamilies: ['IPv6', 'IPv4'] });
    expect(assess(world.snapshot(), epoch).decision).toMatchObject({ kind: 'elected', epoch: epoch + 2 });
    const moved = assess(world.snapshot(), T0 + 60_000).decision;
    // Far from where the previous slice would come to, if the new one were deleted by hand.
    expect(moved).toMatchObject({ kind: 'elected', epoch: T0 + 60_000 });
    // A clock that is behind leads nowhere.
    const behind = T0 - 3_600_000;
    expect(assess(world.snapshot(), behind).decision).toMatchObject({ kind: 'elected', epoch: epoch + 1_000 });
    const next = reconcile();
    world.changePod('pg-1', { ready: false });
    expect(reconcile()).toMatchObject({ kind: 'elected', epoch: next.epoch + 1 });
  });

  it('gives no epoch that the slice of the other family missed, whatever the clock says', () => {
    start({}, dual);
    for (const n of [0, 1, 2]) world.changePod(`pg-${n}`, { ips: [`10.0.0.${n}`, `fd00::${n}`] });
    const { epoch } = reconcile();
    // The record had gone on in a slice that a hand has deleted.
    world.remove('endpointslices', LEADER_SLICE);
    annotate({}, { ...dual, ipFamilies: ['IPv6', 'IPv4'] });
    const behind = T0 - 3_600_000;
    expect(assess(world.snapshot(), behind).decision).toMatchObject({ epoch: epoch + 1_000 });
    expect(reconcile(60_000).epoch).toBe(T0 + 60_000);
  });

  it('takes our own slices for nobody else’s', () => {
    start({}, dual);
    expect(reconcile()).toMatchObject({ kind: 'kept', warnings: [] });
  });

  it('is led under one epoch also where IPv6 is the only family', () => {
    start({}, { ipFamilies: ['IPv6'] });
    world.changePod('pg-0', { ips: ['fd00::1'] });
    const { epoch } = reconcile();
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'LeaderFit', epoch });
  });

  it('removes the slice of a family that is given up', () => {
    start({}, dual);
    annotate({});
    reconcile();
    expect(slice6()).toBeUndefined();
  });
});
