import { describe, expect, it } from 'vitest';
import { leaderStatusSchema, toLeaderStatus } from '../../../api/leaderStatus.ts';
import { toExplainDocument } from '../../../cli/explain/explainDocument.ts';
import { renderExplanation } from '../../../cli/explain/renderExplanation.ts';
import { stateOf, toRow } from '../../../cli/status/statusRow.ts';
import { assess } from '../../../lib/selection/assess.ts';
import { formatScaleRecord, parseScaleRecord, type ScaleRecord } from '../../../lib/selection/scaleRecord.ts';
import { aPod, aService, T0, uidOf } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

const SLICE = 'postgres-leader-ipv4';
const scaled = {
  at: T0,
  workload: { kind: 'Deployment', name: 'postgres', uid: uidOf('d') },
  from: 3,
  to: 1,
  survivor: uidOf('pg-0'),
  pod: 'pg-0',
} as const;

/** Two Ready pods, of which pg-0 leads, and a record of scale-down. */
function aWorld(record: ScaleRecord | null, annotations: Record<string, string> = { 'scale-down': '0' }): World {
  const world = new World();
  for (const name of ['pg-0', 'pg-1']) world.setPod(aPod({ name }));
  world.setSource(aService(annotations));
  world.reconcile(T0);
  if (record !== null) note(world, record);
  return world;
}
const note = (world: World, record: ScaleRecord) =>
  world.edit('endpointslices', SLICE, {
    metadata: { annotations: { 'zen-lead.io/scale-state': formatScaleRecord(record) } },
  });

describe('the record of scale-down', () => {
  it.each<[string, ScaleRecord | null, string, string]>([
    ['waits', null, 'waiting', 'has not led for long enough'],
    [
      'is refused',
      { phase: 'refused', at: T0, reason: 'Autoscaled', message: 'HPA "a".' },
      'refused',
      'Autoscaled: HPA "a".',
    ],
    [
      'elects',
      { phase: 'elect', at: T0, survivor: uidOf('pg-1'), pod: 'pg-1' },
      'elect',
      'pod "pg-1" is to lead first',
    ],
    ['is down', { phase: 'down', ...scaled }, 'down', 'Deployment "postgres" runs 1 of 3 replicas'],
    ['is down by an HPA', { phase: 'down', ...scaled, by: 'hpa' }, 'down', 'an HPA scales it'],
    ['cannot go on', { phase: 'down', ...scaled, problem: 'no right' }, 'down', 'it cannot go on: no right'],
    ['restores', { phase: 'restore', ...scaled, downAt: T0 }, 'restore', 'is being restored from 1 to 3'],
    ['is up', { phase: 'up', at: T0 }, 'up', 'restored'],
    ['is off', { phase: 'off', at: T0, value: '0', message: 'mispredicted.' }, 'off', 'off: mispredicted.'],
  ])('is told by explain and status where it %s', (_, record, phase, text) => {
    const snapshot = aWorld(record).snapshot();
    const status = toLeaderStatus(snapshot, T0);
    expect(leaderStatusSchema.parse(status)).toEqual(status);
    expect(status.scaleDown?.phase).toBe(phase);
    expect(status.scaleDown?.text).toContain(text);
    expect(toRow(status, T0, true).join(' ')).toContain(text);
    const lines = renderExplanation(toExplainDocument(snapshot, T0), (_style, each) => each);
    expect(lines.join('\n')).toMatch(/Scale-down\n/);
    expect(lines.join('\n')).toContain(text);
    if (record !== null) expect(parseScaleRecord(formatScaleRecord(record))).toEqual(record);
  });

  it('says in the state that a workload is scaled down', () => {
    expect(stateOf(toLeaderStatus(aWorld({ phase: 'down', ...scaled }).snapshot(), T0))).toBe('scaled down');
  });

  it('says nothing of a Service that does not use it', () => {
    const snapshot = aWorld(null, {}).snapshot();
    expect(toLeaderStatus(snapshot, T0)).not.toHaveProperty('scaleDown');
    expect(toExplainDocument(snapshot, T0)).not.toHaveProperty('scaleDown');
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"phase":"down","at":1}',
    '{"phase":"elect","at":-1}',
    '{"phase":"refused","at":1,"reason":"x"}',
  ])('reads %j as none', (text) => expect(parseScaleRecord(text)).toBeNull());
});

describe('what the record makes of a decision', () => {
  it('elects the pod that survives, for twenty seconds', () => {
    const mark: ScaleRecord = { phase: 'elect', at: T0, survivor: uidOf('pg-1'), pod: 'pg-1' };
    const decide = (afterMs: number, annotations?: Record<string, string>) => {
      const world = aWorld(mark);
      if (annotations !== undefined) world.setSource(aService(annotations));
      const { leader, reason } = assess(world.snapshot(), T0 + afterMs).decision;
      return [leader?.name, reason];
    };
    expect(decide(1_000)).toEqual(['pg-1', 'ScaleDownSurvivor']);
    expect(decide(20_000)).toEqual(['pg-0', 'LeaderFit']);
    expect(decide(1_000, { 'scale-down': '0', paused: 'true' })).toEqual(['pg-0', 'Paused']);
    expect(decide(1_000, { 'scale-down': '0', 'pin-leader': 'pg-0' })).toEqual(['pg-0', 'LeaderFit']);
    expect(decide(1_000, { 'scale-down': 'none' })).toEqual(['pg-0', 'LeaderFit']);
  });

  it('keeps the survivor also where sticky is false and the strategy prefers another pod', () => {
    const annotations = { 'scale-down': '0', sticky: 'false', strategy: 'newest' };
    const world = aWorld(null, annotations);
    expect(assess(world.snapshot(), T0).decision.leader?.name).toBe('pg-1');
    note(world, { phase: 'elect', at: T0, survivor: uidOf('pg-0'), pod: 'pg-0' });
    expect(world.reconcile(T0 + 1).decision.leader?.name).toBe('pg-0');
    note(world, { phase: 'down', ...scaled });
    expect(assess(world.snapshot(), T0 + 60_000).decision).toMatchObject({ kind: 'kept', leader: { name: 'pg-0' } });
  });

  it('D3: an opt-out waits until what was scaled down is restored', () => {
    const world = aWorld({ phase: 'restore', ...scaled, downAt: T0 });
    world.setSource(aService({ 'scale-down': '0', enabled: 'false' }, {}));
    world.reconcile(T0 + 1);
    expect(world.slice(SLICE)?.spec?.endpoints).toHaveLength(1);
    note(world, { phase: 'up', at: T0 });
    for (let n = 0; n < 3; n += 1) world.reconcile(T0 + 2);
    expect([world.slice(SLICE), world.service('postgres-leader')]).toEqual([undefined, undefined]);
  });

  it('D3: an opt-out waits also where a hand took the record away, and the leader Service says what there was', () => {
    const world = aWorld({ phase: 'down', ...scaled });
    const remember = (replicas: string | null) =>
      world.edit('services', 'postgres-leader', {
        metadata: { annotations: { 'zen-lead.io/scale-restore': replicas } },
      });
    remember('3');
    world.edit('endpointslices', SLICE, { metadata: { annotations: { 'zen-lead.io/scale-state': null } } });
    world.setSource(aService({ 'scale-down': '0', enabled: 'false' }));
    world.reconcile(T0 + 1);
    expect(world.slice(SLICE)?.spec?.endpoints).toHaveLength(1);
    // What is no number holds nothing up.
    remember('three');
    for (let n = 0; n < 3; n += 1) world.reconcile(T0 + 2);
    expect([world.slice(SLICE), world.service('postgres-leader')]).toEqual([undefined, undefined]);
  });

  it('D3: takes the record along where the leader Service is renamed', () => {
    const world = aWorld({ phase: 'down', ...scaled });
    world.setSource(aService({ 'scale-down': '0', 'leader-service-name': 'primary' }));
    for (let n = 0; n < 3; n += 1) world.reconcile(T0 + 1);
    expect(parseScaleRecord(world.slice('primary-ipv4')?.annotations['zen-lead.io/scale-state'])).toEqual({
      phase: 'down',
      ...scaled,
    });
  });

  it('warns of a refusal while the Service asks for it', () => {
    const record: ScaleRecord = { phase: 'refused', at: T0, reason: 'Followers', message: 'x' };
    const warn = (annotations?: Record<string, string>) =>
      assess(aWorld(record, annotations).snapshot(), T0).decision.warnings.map(
        ({ reason, value }) => `${reason} ${value}`,
      );
    expect(warn()).toEqual(['ScaleDownRefused Followers']);
    expect(warn({})).toEqual([]);
  });
});
