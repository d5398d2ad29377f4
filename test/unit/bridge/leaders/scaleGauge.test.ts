import { expect, it } from 'vitest';
import { registerLeaderGauges } from '../../../../bridge/leaders/leaderGauges.ts';
import { formatScaleRecord, type ScaleRecord } from '../../../../lib/selection/scaleRecord.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aLeaderStore } from '../../../support/objects/aLeaderStore.ts';
import { aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aPod, aService, T0, uidOf } from '../../../support/objects/builders.ts';

async function readWanted(record: ScaleRecord | null, annotations: Record<string, string> = { 'scale-down': '0' }) {
  const metrics = createMetrics();
  const { store, pods, services, ourSlices } = aLeaderStore();
  services.add(aService(annotations));
  for (const number of [0, 1, 2]) pods.add(aPod({ name: `pg-${number}` }));
  const slice = aLeaderSlice({ pod: 'pg-0' });
  const state = record === null ? {} : { 'zen-lead.io/scale-state': formatScaleRecord(record) };
  ourSlices.add({ ...slice, annotations: { ...slice.annotations, ...state } });
  registerLeaderGauges(metrics, store, { now: () => T0 } as never, { isFirst: () => true, isSynced: () => true });
  return (await metrics.wantedReplicas.get()).values.map(({ value }) => value);
}

const scaled = {
  at: T0,
  workload: { kind: 'Deployment', name: 'web', uid: uidOf('web') },
  from: 5,
  to: 1,
  survivor: uidOf('pg-0'),
  pod: 'pg-0',
} as const;

it.each<[string, ScaleRecord | null]>([
  ['anything is said', null],
  ['a refusal is gone', { phase: 'refused', at: T0, reason: 'Followers', message: '' }],
  ['the survivor leads', { phase: 'elect', at: T0, survivor: uidOf('pg-0'), pod: 'pg-0' }],
])('wants no number before %s, however many pods there are', async (_, record) => {
  expect(await readWanted(record)).toEqual([]);
});

it.each<[string, ScaleRecord | null, number]>([
  ['the leader and the warm ones, once it is down', { phase: 'down', ...scaled }, 1],
  ['what there was, while it is restored', { phase: 'restore', ...scaled, downAt: T0 }, 5],
  ['what an HPA may have, after that', { phase: 'up', at: T0, from: 5 }, 5],
])('wants %s', async (_, record, wanted) => {
  expect(await readWanted(record)).toEqual([wanted]);
});

it('has no series for a Service without scale-down', async () => {
  expect(await readWanted(null, {})).toEqual([]);
});
