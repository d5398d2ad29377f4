import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { parseHandoverFrom } from '../../../lib/selection/handover.ts';
import type { PodView } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, observedNodes, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;

const overlap = { handover: 'overlap' };
const pinned = { ...overlap, 'pin-leader': 'pg-1' };

/** Three Ready pods, and a leader elected at T0: pg-0, the oldest. */
function start(annotations: Record<string, string> = overlap, shape: object = {}): void {
  world = new World();
  for (const name of ['pg-0', 'pg-1', 'pg-2']) world.setPod(aPod({ name }));
  world.setSource(aService(annotations, shape));
  world.reconcile(T0);
}
const annotate = (annotations: Record<string, string>, shape: object = {}) =>
  world.setSource(aService(annotations, shape));
const reconcile = (afterMs: number) => world.reconcile(T0 + afterMs).decision;
const lookAgainAt = (afterMs: number) => assess(world.snapshot(), T0 + afterMs).nextLookAt;
const slice = (family = 'ipv4') => world.snapshot().slices.find(({ name }) => name === `postgres-leader-${family}`);
const routed = (family?: string) => slice(family)?.spec?.endpoints.map(({ targetRef }) => targetRef?.name);
const noteOnSlice = () => parseHandoverFrom(slice()?.annotations['zen-lead.io/handover-from']);
const changeAndLook = (name: string, change: Partial<PodView>, afterMs: number) => {
  world.changePod(name, change);
  reconcile(afterMs);
};

beforeEach(() => start());

describe('a planned move with handover: overlap', () => {
  it('keeps the pod that was left behind the new leader, whose record and epoch stand from the start', () => {
    const before = Number(slice()?.annotations['zen-lead.io/epoch']);
    annotate(pinned);
    expect(reconcile(10_000)).toMatchObject({ kind: 'elected', reason: 'Pinned', leader: { name: 'pg-1' } });
    expect(routed()).toEqual(['pg-1', 'pg-0']);
    expect(slice()?.annotations).toMatchObject({
      'zen-lead.io/leader-pod-name': 'pg-1',
      'zen-lead.io/epoch': String(before + 1),
    });
    expect(noteOnSlice()).toEqual({ pod: 'pg-0', uid: 'uid-pg-0', epoch: before + 1 });
  });

  it('ends by a timer, after a second or after handover-overlap, under the same epoch', () => {
    annotate(pinned);
    const { epoch } = reconcile(10_000);
    expect(lookAgainAt(10_200)).toBe(T0 + 11_000);
    expect(world.reconcile(T0 + 10_999).writes).toEqual([]);
    expect(reconcile(11_000)).toMatchObject({ kind: 'kept', epoch });
    expect(routed()).toEqual(['pg-1']);
    expect(slice()?.annotations['zen-lead.io/handover-from']).toBeUndefined();
    expect(lookAgainAt(11_000)).toBeNull();

    annotate({ ...overlap, 'handover-overlap': '4s', 'pin-leader': 'pg-2' });
    reconcile(20_000);
    expect(lookAgainAt(20_000)).toBe(T0 + 24_000);
    expect(routed()).toEqual(['pg-2', 'pg-1']);
  });

  it.each([
    [
      'the leader of choice comes back',
      { sticky: 'false' },
      () => world.setPod(aPod({ name: 'pg-a', createdAt: 0, ips: ['10.0.0.9'] })),
    ],
    [
      'another zone is preferred',
      { sticky: 'false', 'preferred-zones': 'z-new' },
      () => world.changePod('pg-2', { zone: 'z-new' }),
    ],
    [
      'its node is cordoned',
      { 'on-cordon': 'move' },
      () => {
        world.observations = observedNodes({ 'node-0': { cordoned: true }, 'node-1': {}, 'node-2': {} });
      },
    ],
  ])('overlaps where %s', (_, annotations, change) => {
    start({ ...overlap, sticky: 'true' });
    annotate({ ...overlap, ...annotations });
    change();
    expect(reconcile(10_000).kind).toBe('elected');
    expect(routed()).toHaveLength(2);
    expect(routed()?.[1]).toBe('pg-0');
  });

  it.each<[string, Partial<PodView>]>([
    ['is not Ready', { ready: false }],
    ['terminates', { terminating: true }],
    ['is excluded', { exclude: 'true' }],
    ['has lost its label', { labels: {} }],
    ['has no address', { ips: [] }],
  ])('takes the pod that was left out at once when it %s', (_, change) => {
    annotate(pinned);
    reconcile(10_000);
    changeAndLook('pg-0', change, 10_100);
    expect(routed()).toEqual(['pg-1']);
  });

  it('keeps the pod that was left in the slices of those families that it has an address of', () => {
    start(overlap, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' });
    world.changePod('pg-1', { ips: ['10.0.0.2', 'fd00::2'] });
    annotate(pinned, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' });
    reconcile(10_000);
    expect([routed(), routed('ipv6')]).toEqual([['pg-1', 'pg-0'], ['pg-1']]);
  });

  it('goes back to one pod where the new leader fails, and begins no other overlap', () => {
    annotate(pinned);
    reconcile(10_000);
    world.changePod('pg-1', { ready: false });
    expect(reconcile(10_100)).toMatchObject({ reason: 'LeaderNotReady', leader: { name: 'pg-0' } });
    expect(routed()).toEqual(['pg-0']);
  });

  it('waits until the new leader has been Ready for so long, where its grace keeps it', () => {
    annotate({ ...pinned, 'failover-min-delay': '30s' });
    reconcile(10_000);
    changeAndLook('pg-1', { ready: false, readyChangedAt: T0 + 10_500 }, 10_500);
    expect(reconcile(12_000)).toMatchObject({ reason: 'FailoverDelayed' });
    expect(routed()).toEqual(['pg-1', 'pg-0']);
    changeAndLook('pg-1', { ready: true, readyChangedAt: T0 + 13_000 }, 13_000);
    expect(lookAgainAt(13_000)).toBe(T0 + 14_000);
    reconcile(14_000);
    expect(routed()).toEqual(['pg-1']);
  });

  it('lasts five minutes at most, whatever becomes of the new leader', () => {
    annotate({ ...pinned, 'failover-min-delay': '1h' });
    reconcile(10_000);
    changeAndLook('pg-1', { ready: false, readyChangedAt: T0 + 10_500 }, 10_500);
    reconcile(309_999);
    expect(routed()).toEqual(['pg-1', 'pg-0']);
    expect(lookAgainAt(309_999)).toBe(T0 + 310_000);
    reconcile(310_000);
    expect(routed()).toEqual(['pg-1']);
  });

  it('ends where the clock that began it was an hour ahead', () => {
    annotate(pinned);
    reconcile(3_600_000);
    expect(routed()).toEqual(['pg-1', 'pg-0']);
    reconcile(10_000);
    expect(routed()).toEqual(['pg-1']);
  });

  it('keeps two pods at most when one planned move follows another', () => {
    annotate(pinned);
    reconcile(10_000);
    annotate({ ...overlap, 'pin-leader': 'pg-2' });
    reconcile(10_100);
    expect(routed()).toEqual(['pg-2', 'pg-1']);
  });

  it('routes both in each family that both have', () => {
    const dual = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' };
    start(overlap, dual);
    world.changePod('pg-0', { ips: ['10.0.0.1', 'fd00::1'] });
    world.changePod('pg-1', { ips: ['10.0.0.2', 'fd00::2'] });
    reconcile(5_000);
    annotate(pinned, dual);
    reconcile(10_000);
    expect([routed(), routed('ipv6')]).toEqual([
      ['pg-1', 'pg-0'],
      ['pg-1', 'pg-0'],
    ]);
    reconcile(11_000);
    expect([routed(), routed('ipv6')]).toEqual([['pg-1'], ['pg-1']]);
  });

  it('repairs the order that a hand gave the endpoints, and keeps the leader meanwhile', () => {
    annotate(pinned);
    reconcile(10_000);
    const { endpoints } = world.objects.endpointslices.get('postgres-leader-ipv4') as { endpoints: unknown[] };
    const [first, second] = endpoints;
    world.edit('endpointslices', 'postgres-leader-ipv4', { endpoints: [second, first] });
    expect(reconcile(10_100)).toMatchObject({ kind: 'kept', leader: { name: 'pg-1' } });
    expect(routed()).toEqual(['pg-1', 'pg-0']);
  });
});

describe('the leader is routed to alone', () => {
  it.each<[string, Record<string, string>]>([
    ['without handover', {}],
    ['with handover: gap', { handover: 'gap' }],
    ['with an overlap of no time', { ...overlap, 'handover-overlap': '0s' }],
  ])('%s', (_, annotations) => {
    start(annotations);
    annotate({ ...annotations, 'pin-leader': 'pg-1' });
    reconcile(10_000);
    expect(routed()).toEqual(['pg-1']);
  });

  it.each<[string, Partial<PodView>]>([
    ['NotReady', { ready: false }],
    ['terminating', { terminating: true }],
    ['excluded', { exclude: 'true' }],
  ])('after a leader that is %s', (_, change) => {
    changeAndLook('pg-0', change, 10_000);
    expect(routed()).toEqual(['pg-1']);
  });

  it('after a leader whose node is silent', () => {
    world.observations = observedNodes({ 'node-0': { verdict: 'silent', since: T0 }, 'node-1': {}, 'node-2': {} });
    expect(reconcile(10_000).reason).toBe('LeaderNodeSilent');
    expect(routed()).toEqual(['pg-1']);
  });

  it('where the two have another number for a named port: a slice has one list of ports', () => {
    const named = { ports: [{ name: 'pg', protocol: 'TCP', port: 5432, targetPort: 'pg' }] };
    start(overlap, named);
    world.changePod('pg-0', { ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }] });
    world.changePod('pg-1', { ports: [{ name: 'pg', port: 6432, protocol: 'TCP' }] });
    reconcile(5_000);
    annotate(pinned, named);
    reconcile(10_000);
    expect(routed()).toEqual(['pg-1']);
  });

  it('once the annotation asks for a gap, cannot be read, or the slice is made again', () => {
    annotate(pinned);
    reconcile(10_000);
    annotate({ ...pinned, handover: 'gap' });
    reconcile(10_100);
    expect(routed()).toEqual(['pg-1']);

    annotate({ ...overlap, 'pin-leader': 'pg-2' });
    reconcile(20_000);
    annotate({ 'pin-leader': 'pg-2', handover: 'both' });
    const { warnings, leader } = reconcile(20_100);
    expect(leader?.name).toBe('pg-2');
    expect(warnings.map(({ value }) => value)).toEqual(['zen-lead.io/handover=both']);
    expect(routed()).toEqual(['pg-2']);

    annotate({ ...overlap, 'pin-leader': 'pg-1' });
    reconcile(30_000);
    world.remove('endpointslices', 'postgres-leader-ipv4');
    reconcile(30_100);
    expect(routed()).toEqual(['pg-1']);
  });
});

it.each(['6m', '-1s', 'soon', '1h'])('names a handover-overlap of %s, which moves no leader', (text) => {
  annotate({ ...pinned, 'handover-overlap': text });
  const { leader, warnings } = reconcile(10_000);
  expect(leader?.name).toBe('pg-0');
  expect(warnings).toMatchObject([{ reason: 'InvalidAnnotation', value: `zen-lead.io/handover-overlap=${text}` }]);
});

it.each([
  undefined,
  '',
  'x',
  'null',
  '[]',
  '{"pod":"a","uid":"","epoch":1}',
  '{"pod":"a","uid":"u","epoch":-1}',
  `{"pod":"${'a'.repeat(600)}","uid":"u","epoch":1}`,
])('takes a word of the slice that cannot be read for none: %s', (text) => {
  expect(parseHandoverFrom(text)).toBeNull();
});

it('keeps a pool from electing, for another slot, a pod that one still routes to', () => {
  start({ ...overlap, active: '3' });
  world.deletePod('pg-2');
  reconcile(5_000);
  world.setPod(aPod({ name: 'pg-3', createdAt: T0 + 6_000 }));
  annotate({ ...overlap, active: '2' });
  reconcile(7_000);
  annotate({ ...overlap, active: '3', 'pin-leader': 'pg-3@0' });
  reconcile(10_000);
  const slots = () =>
    world.snapshot().slices.map(({ spec }) => spec?.endpoints.map(({ targetRef }) => targetRef?.name));
  expect(slots()).toEqual(expect.arrayContaining([['pg-3', 'pg-0'], ['pg-1'], []]));
  reconcile(11_000);
  reconcile(11_100);
  expect(slots()).toEqual(expect.arrayContaining([['pg-3'], ['pg-1'], ['pg-0']]));
});
