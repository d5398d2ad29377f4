import { expect, it, vi } from 'vitest';
import { registerLeaderGauges } from '../../../../bridge/leaders/leaderGauges.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aLeaderStore } from '../../../support/objects/aLeaderStore.ts';
import { aPod, aService } from '../../../support/objects/builders.ts';

it('gives as many Services a gauge as the limit says, and shows the worst of the others', async () => {
  const metrics = createMetrics({ perServiceLimit: 2 });
  const { store, pods, services } = aLeaderStore();
  for (const name of ['a', 'b', 'c', 'd']) services.add(aService({}, { name, selector: { app: name } }));
  for (const [app, count] of [
    ['a', 1],
    ['c', 3],
    ['d', 2],
  ] as const)
    for (let at = 0; at < count; at += 1) pods.add(aPod({ name: `${app}-${at}`, labels: { app } }));
  registerLeaderGauges(metrics, store, { now: () => Date.UTC(2027, 0, 1) } as never, {
    isFirst: () => true,
    isSynced: () => true,
  });
  const read = async (gauge: 'podsAvailable' | 'withoutEndpoints') =>
    Object.fromEntries((await metrics[gauge].get()).values.map(({ labels, value }) => [labels['service'], value]));
  expect(await read('podsAvailable')).toEqual({ a: 1, b: 0, '': 2 });
  expect(await read('withoutEndpoints')).toEqual({ a: 1, b: 1, '': 1 });
  services.delete(aService({}, { name: 'a' }));
  expect(await read('podsAvailable')).toEqual({ b: 0, c: 3, '': 2 });
});

it('looks at each Service once for all gauges of a scrape, and again for the next scrape', async () => {
  const metrics = createMetrics();
  const { store, services } = aLeaderStore();
  services.add(aService());
  const routes = vi.spyOn(store.namespace('shop'), 'routes');
  registerLeaderGauges(metrics, store, { now: Date.now } as never, { isFirst: () => true, isSynced: () => true });
  await metrics.registry.metrics();
  const once = routes.mock.calls.length;
  expect(once).toBeGreaterThan(0);
  await metrics.leaderStable.get();
  expect(routes.mock.calls.length).toBe(2 * once);
  await metrics.withoutEndpoints.get();
  expect(routes.mock.calls.length).toBe(2 * once);
});
