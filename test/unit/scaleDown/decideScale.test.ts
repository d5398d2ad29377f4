import { describe, expect, it } from 'vitest';
import { CLAIM_MS, decideScale } from '../../../lib/scaleDown/decideScale.ts';
import type { Facts, FoundWorkload, ScaleInput, ScaleStep } from '../../../lib/scaleDown/scaleInput.ts';
import type { WorkloadPod } from '../../../lib/scaleDown/workloadPod.ts';
import type { ScaleRecord, StandingRecord } from '../../../lib/selection/scaleRecord.ts';
import { uidOf } from '../../support/objects/builders.ts';

const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const setting = { warm: 0, afterMs: 600_000, value: '0' };
const live: FoundWorkload = {
  kind: 'found',
  of: 'Deployment',
  name: 'web',
  uid: uidOf('web'),
  resourceVersion: '7',
  replicas: 3,
  isRollingOut: false,
  selector: 'app=web',
  labels: { app: 'web' },
  firstOrdinal: 0,
};
const aPod = (name: string, readyAt = NOW - HOUR, change: Partial<WorkloadPod> = {}): WorkloadPod => ({
  name,
  uid: uidOf(name),
  owner: null,
  isActive: true,
  nodeName: name,
  phase: 'Running',
  isReady: true,
  readyAt,
  deletionCost: 0,
  restarts: 0,
  sidecarRestarts: 0,
  createdAt: readyAt,
  ...change,
});
/** Of which a survives. */
const pods = [aPod('a', NOW - 8 * HOUR), aPod('b'), aPod('c')];
const facts: Facts = { live, pods, rivals: { refusal: null, hpaMax: null } };
const leaderOf = (name: string, change: object = {}) => ({
  uid: uidOf(name),
  name,
  isFit: true,
  settledAt: NOW - HOUR,
  ...change,
});
const input: ScaleInput = {
  setting,
  isFrozen: false,
  conflict: null,
  leader: leaderOf('a'),
  electable: new Set(['a', 'b', 'c'].map(uidOf)),
  record: null,
  remembered: undefined,
  facts,
};
const down: Extract<StandingRecord, { phase: 'down' }> = {
  phase: 'down',
  at: NOW - 1_000,
  workload: { kind: 'Deployment', name: 'web', uid: uidOf('web') },
  from: 3,
  to: 1,
  survivor: uidOf('a'),
  pod: 'a',
};
const restore: ScaleRecord = { ...down, phase: 'restore', at: NOW, downAt: NOW - HOUR };
const decide = (change: Partial<ScaleInput>, now = NOW): ScaleStep => decideScale({ ...input, ...change }, now);
const withLive = (change: Partial<FoundWorkload>): Facts => ({ ...facts, live: { ...live, ...change } });
const noted = (step: ScaleStep) => (step.kind === 'note' ? step.record : step);

describe('on the way down', () => {
  it('waits until the leader has led for scale-down-after, and reads nothing before', () => {
    const leader = leaderOf('a', { settledAt: NOW - 1_000 });
    expect(decide({ leader, facts: {} })).toEqual({ kind: 'wait', until: NOW - 1_000 + 600_000 });
  });

  it('waits again after it has restored', () => {
    expect(decide({ record: { phase: 'up', at: NOW - 5_000 } })).toEqual({ kind: 'wait', until: NOW + 595_000 });
  });

  it('reads one thing after the other, the cheapest first', () => {
    expect(decide({ facts: {} })).toEqual({ kind: 'read', what: 'live' });
    expect(decide({ facts: { live } })).toEqual({ kind: 'read', what: 'rivals' });
    const { rivals } = facts;
    expect(decide({ facts: { live, ...(rivals && { rivals }) } })).toEqual({ kind: 'read', what: 'pods' });
    expect(decide({ facts: { live: { ...live, replicas: 0 } } })).toMatchObject({ kind: 'wait' });
  });

  it('asks for the election of the pod that will survive', () => {
    const step = decide({ leader: leaderOf('b') });
    expect(noted(step)).toEqual({ phase: 'elect', at: NOW, survivor: uidOf('a'), pod: 'a' });
    expect(
      decide({ leader: leaderOf('b'), record: { phase: 'elect', at: NOW, survivor: uidOf('a'), pod: 'a' } }),
    ).toEqual({ kind: 'wait', until: NOW + 10_000 });
  });

  it('writes down what there is, then remembers it on the leader Service, then scales', () => {
    expect(noted(decide({}))).toEqual({ ...down, at: NOW });
    expect(decide({ record: down })).toEqual({ kind: 'remember', replicas: 3 });
    expect(decide({ record: down, remembered: '3' })).toEqual({ kind: 'scale', to: 1, live, isUp: false });
  });

  it.each<[string, Partial<ScaleInput>]>([
    ['another pod would survive now', { facts: { ...facts, pods: [aPod('a'), aPod('b', NOW - 8 * HOUR)] } }],
    ['a rollout has begun', { facts: withLive({ isRollingOut: true }) }],
    ['the workload is another one', { facts: withLive({ uid: uidOf('other') }) }],
    [
      'an autoscaler has come',
      { facts: { ...facts, rivals: { refusal: { reason: 'Autoscaled', message: '' }, hpaMax: null } } },
    ],
    ['another number stands there', { facts: withLive({ replicas: 5 }) }],
    ['warm has changed', { setting: { ...setting, warm: 1, value: '1' } }],
    ['the claim is over', { record: { ...down, at: NOW - CLAIM_MS } }],
    ['the claim comes from a clock that is ahead', { record: { ...down, at: NOW + CLAIM_MS } }],
  ])('takes the claim back where %s', (_, change) => {
    expect(noted(decide({ record: down, remembered: '3', ...change }))).toMatchObject({ phase: 'restore', at: NOW });
  });

  it('stays where it is while the number stands that it wrote', () => {
    const facts = withLive({ replicas: 1 });
    expect(decide({ record: { ...down, at: NOW - HOUR }, remembered: '3', facts })).toEqual({
      kind: 'wait',
      until: null,
    });
  });

  it('writes the number on the leader Service again where a hand took it away', () => {
    expect(decide({ record: down, facts: withLive({ replicas: 1 }) })).toEqual({ kind: 'remember', replicas: 3 });
  });
});

describe('refusals', () => {
  it.each<[string, Partial<ScaleInput>]>([
    ['Followers', { conflict: { reason: 'Followers', message: 'x' } }],
    ['UnsupportedWorkload', { facts: { live: { kind: 'unsupported', message: 'x' } } }],
    ['Autoscaled', { facts: { ...facts, rivals: { refusal: { reason: 'Autoscaled', message: 'x' }, hpaMax: null } } }],
    ['RolloutInProgress', { facts: withLive({ isRollingOut: true }) }],
    ['NoSurvivor', { facts: { ...facts, pods: [aPod('a'), aPod('b')] } }],
    ['SurvivorUnfit', { leader: leaderOf('b'), electable: new Set() }],
  ])('refuses %s once, and does nothing', (reason, change) => {
    const step = decide(change);
    expect(noted(step)).toMatchObject({ phase: 'refused', reason });
    if (step.kind === 'note') expect(decide({ ...change, record: step.record })).toEqual({ kind: 'wait', until: null });
  });

  it('forgets a refusal that no longer holds', () => {
    const record: ScaleRecord = { phase: 'refused', at: NOW, reason: 'Autoscaled', message: 'x' };
    expect(noted(decide({ record, facts: withLive({ replicas: 1 }) }))).toBeNull();
    expect(noted(decide({ record }))).toMatchObject({ phase: 'down' });
  });

  it('does nothing while a value cannot be read or the Service is paused', () => {
    expect(decide({ isFrozen: true, facts: {} })).toEqual({ kind: 'wait', until: null });
    expect(decide({ isFrozen: true, record: down, remembered: '3' })).toEqual({ kind: 'wait', until: null });
  });
});

describe('on the way up', () => {
  it.each<[string, Partial<ScaleInput>]>([
    ['no pod leads', { leader: null }],
    ['the leader is not fit', { leader: leaderOf('a', { isFit: false }) }],
    ['another pod leads', { leader: leaderOf('b') }],
    ['the annotation is gone', { setting: null }],
    ['the Service is paused and no pod leads', { isFrozen: true, leader: null }],
  ])('restores where %s', (_, change) => {
    const scaled = {
      record: { ...down, at: NOW - HOUR },
      remembered: '3',
      facts: withLive({ replicas: 1 }),
      ...change,
    };
    const step = decide(scaled);
    expect(noted(step)).toMatchObject({ phase: 'restore', at: NOW, downAt: NOW - HOUR, from: 3, to: 1 });
    const record = step.kind === 'note' ? step.record : null;
    expect(decide({ ...scaled, record })).toMatchObject({ kind: 'scale', to: 3, isUp: true });
  });

  it('forgets only when no request to scale down can be on its way', () => {
    const record = { ...restore };
    expect(decide({ record, remembered: '3' })).toEqual({ kind: 'wait', until: NOW + CLAIM_MS });
    const later = NOW + CLAIM_MS;
    expect(decide({ record, remembered: '3' }, later)).toEqual({ kind: 'remember', replicas: null });
    expect(noted(decide({ record }, later))).toEqual({ phase: 'up', at: later });
    expect(noted(decide({ record, setting: null }, later))).toBeNull();
  });

  it('leaves a number alone that another client wrote', () => {
    expect(decide({ record: restore, remembered: '3', facts: withLive({ replicas: 2 }) })).toMatchObject({
      kind: 'wait',
    });
  });

  it('restores by the leader Service where the slice has lost its record', () => {
    const step = decide({ remembered: '3', facts: withLive({ replicas: 1 }) });
    expect(noted(step)).toMatchObject({ phase: 'restore', from: 3, to: 1 });
    expect(decide({ remembered: '3' })).toEqual({ kind: 'remember', replicas: null });
    expect(decide({ remembered: 'many' })).toEqual({ kind: 'remember', replicas: null });
  });

  it('goes off where the controller kept another pod than was predicted, until the annotation changes', () => {
    const record = { ...restore };
    const others = [aPod('b', NOW - 2 * HOUR), aPod('n', NOW)];
    const step = decide({ record, facts: { ...facts, pods: others } }, NOW + CLAIM_MS);
    expect(noted(step)).toMatchObject({ phase: 'off', value: '0' });
    const off = step.kind === 'note' ? step.record : null;
    expect(decide({ record: off })).toEqual({ kind: 'wait', until: null });
    expect(noted(decide({ record: off, setting: { ...setting, warm: 1, value: '1' } }))).toMatchObject({
      phase: 'down',
    });
  });

  it.each([
    ['the leader is still there', [aPod('a', NOW - 2 * HOUR), aPod('b', NOW - 2 * HOUR)]],
    ['no pod but new ones is there', [aPod('n', NOW)]],
    ['a new pod is of the same second as the claim, rounded down', [aPod('n', NOW - HOUR - 999)]],
    ['a new pod has its instant from a clock that is 5 s behind', [aPod('n', NOW - HOUR - 5_999)]],
  ])('does not call it mispredicted where %s', (_, others) => {
    const step = decide({ record: { ...restore }, facts: { ...facts, pods: others } }, NOW + CLAIM_MS);
    expect(noted(step)).toMatchObject({ phase: 'up' });
  });
});

describe('with an HPA that scales by the gauge', () => {
  const byHpa: Facts = { ...facts, rivals: { refusal: null, hpaMax: 5 } };

  it('says what is wanted, and never scales', () => {
    const step = decide({ facts: byHpa });
    expect(noted(step)).toMatchObject({ phase: 'down', from: 5, to: 1, by: 'hpa' });
    const record = step.kind === 'note' ? step.record : null;
    expect(decide({ record, facts: byHpa })).toEqual({ kind: 'wait', until: null });
    const lost = decide({ record, facts: { ...byHpa, live: { ...live, replicas: 1 } }, leader: null });
    expect(noted(lost)).toMatchObject({ phase: 'restore' });
    const after = decide({ record: lost.kind === 'note' ? lost.record : null, facts: byHpa, leader: null });
    expect(noted(after)).toMatchObject({ phase: 'up', from: 5 });
  });

  it('takes it back while the HPA has not scaled and another pod would survive', () => {
    const record: ScaleRecord = { ...down, by: 'hpa', from: 5 };
    const swapped = { ...byHpa, pods: [aPod('b', NOW - 8 * HOUR), aPod('a')] };
    expect(noted(decide({ record, facts: swapped }))).toMatchObject({ phase: 'restore' });
  });
});
