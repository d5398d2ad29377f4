import { beforeEach, describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import { compactSnapshot } from '../../../lib/selection/compactSnapshot.ts';
import { explain } from '../../../lib/selection/explain.ts';
import { lineOf } from '../../../lib/selection/line.ts';
import { annotation } from '../../../lib/selection/names.ts';
import {
  formatVerdicts,
  MAX_VERDICTS,
  MAX_VERDICTS_BYTES,
  type OutsideVerdict,
  parseVerdicts,
  withVerdict,
} from '../../../lib/selection/outsideVerdict.ts';
import { type PodReport, planVerdict } from '../../../lib/selection/planVerdict.ts';
import type { Uid } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, observed, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

let world: World;
const slice = 'postgres-leader-ipv4';
const alert = 'system:serviceaccount:monitoring:alertmanager';

/** Three Ready pods, and a leader elected at T0: pg-0, the oldest. */
function start(annotations: Record<string, string> = {}): void {
  world = new World();
  for (const name of ['pg-0', 'pg-1', 'pg-2']) world.setPod(aPod({ name }));
  world.setSource(aService(annotations));
  world.reconcile(T0);
}
const annotate = (annotations: Record<string, string>) => world.setSource(aService(annotations));
const aReport = (pod: string, report: Partial<PodReport> = {}): PodReport => ({
  ...{ pod, fit: false, forSeconds: 300, reason: 'disk full' },
  ...report,
});
function report(pod: string, more: Partial<PodReport> = {}, by = alert, at = T0): string {
  const plan = planVerdict(world.snapshot(), aReport(pod, more), by, at);
  if (plan.kind === 'write') world.apply(plan.write);
  return plan.kind;
}
const reconcile = (afterMs = 1_000) => world.reconcile(T0 + afterMs).decision;
const recorded = () => parseVerdicts(world.slice(slice)?.annotations[annotation.verdicts]);
const uidOf = (pod: string) => world.pods.get(pod)?.uid;

beforeEach(() => start());

describe('a leader that is reported unfit', () => {
  it('a reported leader is left for a pod that no caller reports', () => {
    expect(report('pg-0')).toBe('write');
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LeaderReported', leader: { name: 'pg-1' } });
    expect(reconcile(2_000)).toMatchObject({ kind: 'kept', reason: 'LeaderFit' });
  });

  it('a reported leader is not left for a pod that is reported too', () => {
    report('pg-0');
    report('pg-1', {}, 'another caller');
    expect(reconcile()).toMatchObject({ reason: 'LeaderReported', leader: { name: 'pg-2' } });
  });

  it.each(['clear', 'hold'])('a reported leader stays, with a Warning, while every pod is reported: %s', (noLeader) => {
    annotate({ 'no-leader': noLeader });
    for (const pod of ['pg-0', 'pg-1', 'pg-2']) report(pod);
    const { kind, reason, leader, warnings } = reconcile();
    expect({ kind, reason, leader: leader?.name }).toEqual({ kind: 'kept', reason: 'AllReported', leader: 'pg-0' });
    expect(warnings).toMatchObject([{ reason: 'ReportedUnfit', value: 'pg-0' }]);
  });

  it('a reported leader is left without the grace of failover-min-delay', () => {
    annotate({ 'failover-min-delay': '1h' });
    report('pg-0');
    expect(reconcile()).toMatchObject({ reason: 'LeaderReported' });
  });

  it('a leader that is reported while the Service is paused stays, also at another address', () => {
    annotate({ paused: 'true' });
    report('pg-0');
    expect(reconcile()).toMatchObject({ reason: 'Paused', leader: { name: 'pg-0' } });
    world.changePod('pg-0', { ips: ['10.0.0.99'] });
    expect(reconcile(2_000)).toMatchObject({ reason: 'Paused', leader: { name: 'pg-0' } });
    expect(world.slice(slice)?.spec?.endpoints[0]?.addresses).toEqual(['10.0.0.99']);
  });

  it('a reported leader that is pinned is left', () => {
    annotate({ 'pin-leader': 'pg-0' });
    report('pg-0');
    expect(reconcile()).toMatchObject({ reason: 'LeaderReported', leader: { name: 'pg-1' } });
  });

  it('where no pod leads and each Ready one is reported, no-leader decides', () => {
    for (const pod of ['pg-1', 'pg-2']) report(pod);
    world.deletePod('pg-0');
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'AllReported' });
    annotate({ 'no-leader': 'hold' });
    expect(reconcile()).toMatchObject({ kind: 'elected', reason: 'LastResort', leader: { name: 'pg-1' } });
  });

  it('where no pod leads, a reported one is due once it is Ready for min-ready-duration, with hold alone', () => {
    for (const pod of ['pg-1', 'pg-2']) report(pod);
    for (const pod of ['pg-1', 'pg-2']) world.changePod(pod, { readyChangedAt: T0 });
    world.deletePod('pg-0');
    annotate({ 'no-leader': 'hold', 'min-ready-duration': '10s' });
    expect(reconcile()).toMatchObject({ kind: 'lost', reason: 'AllReported' });
    expect(assess(world.snapshot(), T0 + 1_000).nextLookAt).toBe(T0 + 10_000);
    annotate({ 'min-ready-duration': '10s' });
    expect(assess(world.snapshot(), T0 + 1_000).nextLookAt).toBe(T0 + 300_000);
    annotate({ 'no-leader': 'hold', 'min-ready-duration': '10s' });
    expect(reconcile(10_000)).toMatchObject({ reason: 'LastResort', leader: { name: 'pg-1' } });
  });

  it('a report beside a failing check is not left for a pod that fails it (S10)', () => {
    annotate({ 'health-check': 'tcp://:5432' });
    world.observations = observed({
      'pg-0': { verdict: 'passing' },
      'pg-1': { verdict: 'failing' },
      'pg-2': { verdict: 'failing' },
    });
    report('pg-0');
    expect(reconcile()).toMatchObject({ reason: 'AllReported', leader: { name: 'pg-0' } });
    // It is asked all the same.
    expect(lineOf({ ...world.snapshot() }, T0)?.pods.map(({ name }) => name)).toContain('pg-0');
  });
});

describe('the end of a verdict', () => {
  it('a verdict changes nothing from its end on, and the reply asks for a reconcile then (S13)', () => {
    report('pg-1', { forSeconds: 60 });
    annotate({ sticky: 'false', strategy: 'newest' });
    report('pg-2', { forSeconds: 120 });
    expect(assess(world.snapshot(), T0 + 1).nextLookAt).toBe(T0 + 60_000);
    expect(reconcile()).toMatchObject({ reason: 'LeaderFit', leader: { name: 'pg-0' } });
    expect(reconcile(59_999)).toMatchObject({ leader: { name: 'pg-0' } });
    expect(reconcile(60_000)).toMatchObject({ reason: 'Preferred', leader: { name: 'pg-1' } });
    expect(reconcile(120_000)).toMatchObject({ reason: 'Preferred', leader: { name: 'pg-2' } });
    expect(assess(world.snapshot(), T0 + 120_000).nextLookAt).toBeNull();
  });

  it('a verdict of a clock that was hours ahead does not count until its end is near', () => {
    report('pg-0', { forSeconds: 300 }, alert, T0 + 86_400_000);
    expect(reconcile()).toMatchObject({ reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });

  it.each<[string, number, number]>([
    ['20 s ahead', 20_000, 20],
    ['an hour ahead', 3_600_000, 1_000],
    ['two hours behind', -7_200_000, 3_600],
  ])('functions whose clocks differ move a leader back at most once: %s', (_, skewMs, forSeconds) => {
    annotate({ sticky: 'false' });
    report('pg-0', { forSeconds });
    const moves = Array.from({ length: 20 }, (__, at) => reconcile(1_000 + at * 100 + (at % 2 === 0 ? 0 : skewMs)));
    expect(moves.filter(({ kind }) => kind === 'elected').map(({ leader }) => leader?.name)).toEqual(['pg-1', 'pg-0']);
    expect(recorded()).toEqual([]);
    // Which says nothing against a caller who reports the pod again.
    report('pg-0', {}, alert, T0 + 4_000);
    expect(reconcile(4_000)).toMatchObject({ reason: 'LeaderReported', leader: { name: 'pg-1' } });
  });

  it('functions whose clocks differ move a leader back once where the verdict stands with another election', () => {
    start({ elections: 'write,read', sticky: 'false' });
    report('pg-1', { forSeconds: 20 });
    expect(parseVerdicts(world.slice('postgres-write-ipv4')?.annotations[annotation.verdicts])).toHaveLength(1);
    const reader = (at: number) => world.reconcile(T0 + at).elections?.[1]?.decision;
    const moves = Array.from({ length: 20 }, (_, at) => reader(1_000 + (at % 2 === 0 ? 0 : 20_000)));
    const elected = moves.filter((decision) => decision?.kind === 'elected');
    expect(elected.map((decision) => decision?.leader?.name)).toEqual(['pg-2', 'pg-1']);
    report('pg-1', { forSeconds: 60 });
    expect(reader(2_000)).toMatchObject({ reason: 'LeaderReported', leader: { name: 'pg-2' } });
  });

  it('an election leaves alone what was said of other pods, and what has not ended', () => {
    report('pg-0', { forSeconds: 10 });
    report('pg-1', { forSeconds: 10 });
    report('pg-2', { forSeconds: 300 });
    annotate({ sticky: 'false', strategy: 'newest' });
    world.deletePod('pg-0');
    expect(reconcile(20_000)).toMatchObject({ leader: { name: 'pg-1' } });
    expect(recorded().map(({ pod }) => pod)).toEqual(['uid-pg-0', 'uid-pg-2']);
  });

  it('fit takes back the word of the same caller alone', () => {
    annotate({ 'no-leader': 'hold' });
    report('pg-0');
    report('pg-0', {}, 'another caller');
    expect(report('pg-0', { fit: true })).toBe('write');
    expect(reconcile()).toMatchObject({ reason: 'LeaderReported' });
    start();
    report('pg-0');
    expect(report('pg-0', { fit: true }, 'another caller')).toBe('nothing');
    expect(report('pg-0', { fit: true })).toBe('write');
    expect(reconcile()).toMatchObject({ reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });

  it('fit takes back what was said also after the records of several elections have moved', () => {
    start({ elections: 'write,read' });
    for (const name of ['pg-0', 'pg-1', 'pg-2'])
      world.changePod(name, { ips: [`10.0.0.${name.at(-1)}`, `fd00::${name.at(-1)}`] });
    report('pg-2');
    world.setSource(aService({ elections: 'write,read' }, { ipFamilies: ['IPv6'] }));
    for (const at of [1_000, 1_001, 1_002]) reconcile(at);
    expect(report('pg-2', { fit: true }, alert, T0 + 2_000)).toBe('write');
    expect(report('pg-2', { fit: true }, alert, T0 + 2_000)).toBe('nothing');
    world.deletePod('pg-1');
    const [, reader] = world.reconcile(T0 + 3_000).elections ?? [];
    expect(reader?.decision).toMatchObject({ reason: 'LeaderGone', leader: { name: 'pg-2' } });
  });

  it.each([
    ['a list of elections', undefined, 'write,read'],
    ['a list without its first', 'old,write,read', 'write,read'],
    ['one election', 'old,write', undefined],
  ])('is not before its time where a Service goes to %s', (_, before, after) => {
    const list = (elections: string | undefined) => (elections === undefined ? {} : { elections });
    start(list(before));
    expect(report('pg-2')).toBe('write');
    world.setSource(aService(list(after)));
    for (const at of [1_000, 1_001, 1_002, 1_003]) reconcile(at);
    world.deletePod('pg-0');
    world.deletePod('pg-1');
    expect(reconcile(2_000)).toMatchObject({ leader: null, reason: 'AllReported' });
    expect(world.reconcile(T0 + 2_001).writes).toEqual([]);
    expect(report('pg-2', { fit: true }, alert, T0 + 3_000)).toBe('write');
    expect(reconcile(3_001)).toMatchObject({ kind: 'elected', leader: { name: 'pg-2' } });
  });

  it('fit does not make a pod lead that is not Ready', () => {
    report('pg-0');
    report('pg-0', { fit: true });
    world.changePod('pg-0', { ready: false });
    expect(reconcile()).toMatchObject({ reason: 'LeaderNotReady' });
  });
});

describe('what is recorded', () => {
  it('a leader that stays keeps what was said of it, also what has ended', () => {
    report('pg-0');
    expect(reconcile()).toMatchObject({ reason: 'LeaderReported', leader: { name: 'pg-1' } });
    report('pg-1', { forSeconds: 10 }, alert, T0 + 2_000);
    report('pg-2', { forSeconds: 300 }, alert, T0 + 2_000);
    world.changePod('pg-1', { ips: ['10.0.0.99'] });
    // By a clock that is ahead. By another one the verdict on pg-1 may still count.
    expect(reconcile(13_000)).toMatchObject({ kind: 'kept', leader: { name: 'pg-1' } });
    expect(recorded().map(({ pod }) => pod)).toEqual(['pg-0', 'pg-1', 'pg-2'].map(uidOf));
  });

  it('the annotation goes with the last of what was said', () => {
    report('pg-0', { forSeconds: 10 });
    expect(reconcile()).toMatchObject({ reason: 'LeaderReported', leader: { name: 'pg-1' } });
    world.changePod('pg-1', { ready: false, readyChangedAt: T0 });
    expect(reconcile(11_000)).toMatchObject({ reason: 'LeaderNotReady', leader: { name: 'pg-0' } });
    expect(world.slice(slice)?.annotations[annotation.verdicts]).toBeUndefined();
  });

  it('a report that comes again moves its end, and takes no further place', () => {
    report('pg-0', { forSeconds: 10 });
    report('pg-0', { forSeconds: 20 });
    expect(recorded()).toEqual([
      { pod: uidOf('pg-0'), fit: false, until: T0 + 20_000, by: alert, reason: 'disk full' },
    ]);
  });

  it('a write about a slice that has changed meanwhile is refused', () => {
    const snapshot = world.snapshot();
    report('pg-0');
    const plan = planVerdict(snapshot, aReport('pg-1'), alert, T0);
    expect(() => plan.kind === 'write' && world.apply(plan.write)).toThrow('has changed');
  });

  it('verdicts survive a move, and another name of the leader Service', () => {
    report('pg-0');
    reconcile();
    annotate({ 'leader-service-name': 'db' });
    reconcile(2_000);
    expect(parseVerdicts(world.slice('db-ipv4')?.annotations[annotation.verdicts])).toHaveLength(1);
    expect(reconcile(3_000)).toMatchObject({ leader: { name: 'pg-1' } });
  });

  it.each<[string, PodReport, Record<string, string>, string]>([
    ['of a pod that the Service does not select', aReport('pg-9'), {}, 'data.pod'],
    ['of a pod that is another one by now', aReport('pg-0', { uid: 'older' }), {}, 'data.uid'],
    ['where the pods say who leads', aReport('pg-0'), { 'role-check': 'redis://:6379' }, 'subject'],
    ['of a Service that is opted out', aReport('pg-0'), { enabled: 'false' }, 'subject'],
  ])('a report %s is refused', (_, about, annotations, path) => {
    annotate(annotations);
    expect(planVerdict(world.snapshot(), about, alert, T0)).toMatchObject({ kind: 'refused', path });
  });

  it('verdicts are void where the pods themselves say who leads', () => {
    report('pg-0');
    annotate({ 'role-check': 'redis://:6379' });
    world.observations = observed({ 'pg-0': { verdict: 'passing', role: 'primary', check: 'redis://:6379' } });
    expect(reconcile()).toMatchObject({ reason: 'LeaderFit', leader: { name: 'pg-0' } });
  });
});

describe('the annotation', () => {
  const aVerdict = (index: number, more: Partial<OutsideVerdict> = {}): OutsideVerdict => ({
    ...{ pod: `uid-${index}` as Uid, fit: false, until: T0 + 60_000, by: alert, reason: 'x' },
    ...more,
  });

  it('past 16 verdicts, and past 4 KiB, the oldest goes', () => {
    let known: readonly OutsideVerdict[] = [];
    for (let index = 0; index < 20; index += 1) known = withVerdict(known, aVerdict(index), T0);
    expect(known.map(({ pod }) => pod)).toEqual(Array.from({ length: MAX_VERDICTS }, (_, at) => `uid-${at + 4}`));
    for (let index = 0; index < 20; index += 1)
      known = withVerdict(known, aVerdict(index, { reason: 'ü'.repeat(128) }), T0);
    expect(Buffer.byteLength(formatVerdicts(known))).toBeLessThanOrEqual(MAX_VERDICTS_BYTES);
    expect(known.at(-1)?.pod).toBe('uid-19');
    expect(parseVerdicts(formatVerdicts(known))).toEqual(known);
  });

  it.each([
    ['no JSON', '[{'],
    ['no list', '{"pod":"a"}'],
    ['entries of other kinds', '[null,1,"x",{"pod":1}]'],
    ['more than 4 KiB', JSON.stringify([aVerdict(1, { reason: 'x'.repeat(5_000) })])],
  ])('a hand that wrote %s is ignored', (_, text) => {
    expect(parseVerdicts(text)).toEqual([]);
    world.edit('endpointslices', slice, { metadata: { annotations: { [annotation.verdicts]: text } } });
    expect(reconcile()).toMatchObject({ reason: 'LeaderFit' });
  });
});

describe('readers', () => {
  it('explain says by whom a pod is reported, why and until when', () => {
    report('pg-1');
    const found = explain(world.snapshot(), T0 + 1).pods.find(({ pod }) => pod.name === 'pg-1');
    expect(found).toMatchObject({
      standing: { kind: 'unfit', why: 'reported' },
      reports: [{ by: alert, reason: 'disk full', until: T0 + 300_000 }],
    });
  });

  it('a compact snapshot keeps the pods that a verdict is about', () => {
    for (let index = 3; index < 60; index += 1) world.setPod(aPod({ name: `pg-${index}` }));
    report('pg-50');
    const compact = compactSnapshot(world.snapshot(), T0);
    expect(compact.candidates.map(({ name }) => name)).toContain('pg-50');
    expect(compact.candidates.length).toBeLessThan(60);
  });
});
