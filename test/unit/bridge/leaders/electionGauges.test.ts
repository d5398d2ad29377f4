import { expect, it } from 'vitest';
import { registerLeaderGauges } from '../../../../bridge/leaders/leaderGauges.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aLeaderStore } from '../../../support/objects/aLeaderStore.ts';
import { aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aPod, aService, T0 } from '../../../support/objects/builders.ts';

/** Values by labels, `namespace` left out. */
async function readGauges(withElections: boolean) {
  const metrics = createMetrics();
  const { store, pods, services, ourSlices } = aLeaderStore();
  services.add(aService(withElections ? { elections: 'writer,cron' } : {}));
  for (const number of [0, 1, 2]) pods.add(aPod({ name: `pg-${number}`, ready: number < 2 }));
  if (withElections) {
    ourSlices.add({ ...aLeaderSlice({ pod: 'pg-0' }), name: 'postgres-writer-ipv4', election: 'writer' });
    ourSlices.add({ ...aLeaderSlice({ pod: null }), name: 'postgres-cron-ipv4', election: 'cron' });
  } else ourSlices.add(aLeaderSlice({ pod: 'pg-0' }));
  registerLeaderGauges(metrics, store, { now: () => T0 } as never, { isFirst: () => true, isSynced: () => true });
  const read = async (gauge: 'role' | 'withoutEndpoints' | 'leaderStable') =>
    Object.fromEntries(
      (await metrics[gauge].get()).values.map(({ labels: { namespace: _, ...labels }, value }) => [
        Object.values(labels).join(' '),
        value,
      ]),
    );
  return { role: await read('role'), without: await read('withoutEndpoints'), stable: await read('leaderStable') };
}

it('counts the pods of each election by role, and shows which one routes to no pod', async () => {
  const { role, without, stable } = await readGauges(true);
  expect(role).toEqual({
    'postgres writer leader': 1,
    'postgres writer follower': 1,
    'postgres writer unfit': 1,
    'postgres cron leader': 0,
    'postgres cron follower': 2,
    'postgres cron unfit': 1,
  });
  expect(without).toEqual({ 'postgres writer': 0, 'postgres cron': 1 });
  expect(stable).toEqual({ 'postgres writer': 1, 'postgres cron': 0 });
});

it('has no label election on the gauges of a Service with one, and an empty one on its roles', async () => {
  const { role, without } = await readGauges(false);
  expect(role).toEqual({ 'postgres  leader': 1, 'postgres  follower': 1, 'postgres  unfit': 1 });
  expect(without).toEqual({ postgres: 0 });
});
