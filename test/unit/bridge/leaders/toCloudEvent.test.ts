import { describe, expect, it } from 'vitest';
import type { EventContext } from '../../../../bridge/domain.ts';
import type { LeaderConcern } from '../../../../bridge/leaders/leaderConcern.ts';
import { type Known, toCloudEvent as toCloudEventOf } from '../../../../bridge/leaders/toCloudEvent.ts';
import { parseEnvelope } from '../../../../lib/events/envelope.ts';
import { parseReconcileEvent } from '../../../../lib/events/parseReconcileEvent.ts';
import { toStructured } from '../../../../lib/events/toStructured.ts';
import { assess } from '../../../../lib/selection/assess.ts';
import { aConcern } from '../../../support/objects/aConcern.ts';
import { aLeaderStore } from '../../../support/objects/aLeaderStore.ts';
import { aPod, aService, observed, T0, version } from '../../../support/objects/builders.ts';

type Context = Known & Omit<EventContext, 'revision'>;

const toCloudEvent = (concern: LeaderConcern, context: Context, now: number) =>
  toCloudEventOf(concern, context, context, now);

function aContext(overrides: Partial<Context> = {}, pods = 3): Context {
  const filled = aLeaderStore();
  filled.services.add(aService());
  const createdAt = (n: number): number => T0 - 7_200_000 + n * 1_000;
  for (let n = 0; n < pods; n += 1) filled.pods.add(aPod({ name: `postgres-${n}`, createdAt: createdAt(n) }));
  return {
    clusterName: 'kubernetes',
    store: filled.store,
    revisions: { pods: version(4711), services: version(12), slices: version(13) },
    isFresh: () => true,
    carryOf: () => undefined,
    random: () => 0.25,
    maxEventBytes: 63 * 1024,
    ...overrides,
  };
}

const concern = aConcern('postgres', 'failover', { observedAt: T0 - 5 });

describe('toCloudEvent', () => {
  it('the event of the bridge is one that a function reads', () => {
    const event = toCloudEvent(concern, aContext(), T0);
    const { headers, body } = toStructured(event);
    const reconcile = parseReconcileEvent(parseEnvelope(headers, Buffer.from(body)));
    expect(reconcile).toMatchObject({ type: event.type });
    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'io.zen-lead.pod.modified',
      source: '/clusters/kubernetes',
      subject: 'namespaces/shop/services/postgres',
      time: '2025-12-31T23:59:59.995Z',
      partitionkey: 'shop/postgres',
      sequence: '00000000000000004711',
      expirytime: '2026-01-01T00:00:03.000Z',
      data: { deadline: T0 + 3_000, change: concern.change },
    });
    expect(event.data.snapshot?.candidates).toHaveLength(3);
    expect(event.data.snapshot?.revisions.pods).toBe('4711');
  });

  it('the event has the same id for the same reconcile of the same state, and another one for any other', () => {
    const id = (changed = concern, context = aContext()): string => toCloudEvent(changed, context, T0).id;
    expect(id()).toBe(id({ ...concern, observedAt: T0 + 99 }));
    const ids = [
      id(),
      id({ ...concern, type: 'io.zen-lead.pod.deleted' }),
      id({ ...concern, name: 'mysql' }),
      id({ ...concern, dueAt: T0 }),
      id({ ...concern, dueAt: T0 + 1 }),
      id(concern, aContext({ revisions: { pods: version(4712), services: version(12), slices: version(13) } })),
      id(concern, aContext({ revisions: { pods: version(4711), services: version(1), slices: version(213) } })),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([
    ['', '0'.repeat(20)],
    ['not-a-number', '0'.repeat(20)],
    ['9'.repeat(21), '0'.repeat(20)],
    ['18446744073709551615', '18446744073709551615'],
    ['7', '00000000000000000007'],
  ])('the event has a sequence that orders as text: %s', (revision, sequence) => {
    const revisions = { pods: version(revision), services: version(1), slices: version(1) };
    expect(toCloudEvent(concern, aContext({ revisions }), T0).sequence).toBe(sequence);
  });

  it('has the sequence of its pods: a change of a Service ties, has another id, and time orders the two', () => {
    const revisions = (services: number) => ({ pods: version(4711), services: version(services), slices: version(13) });
    const [older, newer] = [12, 14].map((services, at) =>
      toCloudEvent({ ...concern, observedAt: T0 + at }, aContext({ revisions: revisions(services) }), T0 + 1),
    );
    expect(newer?.sequence).toBe(older?.sequence);
    expect(newer?.id).not.toBe(older?.id);
    expect(Date.parse(newer?.time ?? '')).toBeGreaterThan(Date.parse(older?.time ?? ''));
  });

  it('the event is a hint where the store may be old', () => {
    const event = toCloudEvent(concern, aContext({ isFresh: () => false }), T0);
    expect(event.data).toEqual({ change: concern.change, deadline: T0 + 3_000 });
  });

  it('leaves out of 5,000 pods those that do not matter, and decides as all of them', () => {
    const compact = toCloudEvent(concern, aContext({}, 5_000), T0);
    const inProcess = toCloudEvent(concern, aContext({ maxEventBytes: Number.POSITIVE_INFINITY }, 5_000), T0);
    expect(inProcess.data.snapshot?.candidates).toHaveLength(5_000);
    expect(inProcess.data.snapshot?.omitted).toBeUndefined();
    const { headers, body } = toStructured(compact);
    expect(Buffer.byteLength(body)).toBeLessThan(64 * 1024);
    const { data } = parseReconcileEvent(parseEnvelope(headers, Buffer.from(body)));
    const received = data.kind === 'readable' ? data.value.snapshot : undefined;
    expect(received?.candidates.length).toBeLessThan(50);
    expect(received?.omitted).toEqual({ fit: 5_000 - (received?.candidates.length ?? 0) });
    const [got, expected] = [received, inProcess.data.snapshot].map((each) => each && assess(each, T0));
    expect(got?.decision).toMatchObject({ kind: 'elected', leader: { name: 'postgres-0' } });
    expect(got).toEqual(expected);
  });

  it('the event is a hint where even what matters would be larger than what CloudEvents guarantee to carry', () => {
    const context = aContext({}, 1_000);
    const filled = aLeaderStore();
    filled.services.add(aService({ followers: 'true' }));
    for (let n = 0; n < 1_000; n += 1) filled.pods.add(aPod({ name: `postgres-${n}` }));
    expect(toCloudEvent(concern, { ...context, store: filled.store }, T0).data.snapshot).toBeUndefined();
    expect(toCloudEvent(concern, context, T0).data.snapshot).toBeDefined();
  });

  it('carries 150 pods within 64 KiB', () => {
    const event = toCloudEvent(concern, aContext({}, 150), T0);
    expect(event.data.snapshot?.candidates).toHaveLength(150);
    expect(Buffer.byteLength(toStructured(event).body)).toBeLessThan(64 * 1024);
  });

  it('the event may be about a Service that is gone', () => {
    const event = toCloudEvent(aConcern('gone'), aContext(), T0);
    expect(event.data.snapshot).toMatchObject({ namespace: 'shop', name: 'gone', source: null, candidates: [] });
  });

  describe('of a Service whose pods are checked', () => {
    const observations = observed({ 'postgres-0': { verdict: 'failing', detail: 'timeout' }, 'postgres-1': {} });
    function aCheckedContext(overrides: Partial<Context> = {}): Context {
      const filled = aLeaderStore();
      filled.services.add(aService({ 'health-check': 'tcp://:5432' }));
      for (const name of ['postgres-0', 'postgres-1', 'postgres-2']) filled.pods.add(aPod({ name }));
      return { ...aContext(), store: filled.store, observations, ...overrides };
    }

    it('says the verdicts beside the snapshot and in it', () => {
      const { data } = toCloudEvent(concern, aCheckedContext(), T0);
      expect(data.observations).toEqual(observations);
      expect(data.snapshot?.observer).toBe('bridge-0');
      expect(data.snapshot?.candidates.map(({ health }) => health?.verdict)).toEqual(['failing', 'passing', undefined]);
    });

    it('says them in a hint, too', () => {
      const { data } = toCloudEvent(concern, aCheckedContext({ isFresh: () => false }), T0);
      expect(data).toEqual({ change: concern.change, deadline: T0 + 3_000, observations });
    });

    it('the event of a Service whose pods are checked has another id after another verdict on the same state', () => {
      const ids = [observations, observed({ 'postgres-0': {} }), undefined].map(
        (each) => toCloudEvent(concern, aCheckedContext({ observations: each }), T0).id,
      );
      expect(new Set(ids).size).toBe(3);
      expect(ids[2]).toBe(toCloudEvent(concern, aContext(), T0).id);
    });

    it('keeps the first verdicts where all of them would exceed an event', () => {
      const pods = Array.from({ length: 64 }, (_, n) => [
        `postgres-${n}`,
        { check: `http://:80/${'x'.repeat(1_000)}` },
      ]);
      const many = observed(Object.fromEntries(pods));
      const event = toCloudEvent(concern, aCheckedContext({ isFresh: () => false, observations: many }), T0);
      expect(event.data.observations?.pods).toEqual(many.pods.slice(0, 32));
      expect(Buffer.byteLength(toStructured(event).body)).toBeLessThan(64 * 1024);
    });
  });

  it('hands the carry of the last reply back', () => {
    expect(toCloudEvent(concern, aContext({ carryOf: () => 'n=3' }), T0).data.carry).toBe('n=3');
  });

  it.each([0, 0.5, 0.999_999_999])('the event has a valid traceparent, whatever is drawn (%d)', (drawn) => {
    const { traceparent } = toCloudEvent(concern, aContext({ random: () => drawn }), T0);
    expect(traceparent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/);
  });
});
