import { expect, it, onTestFinished } from 'vitest';
import { putPod, putService } from '../../support/objects/aNamespace.ts';
import { startHarness } from '../../support/servers/functionsHarness.ts';

it('adds no series for hints about Services that do not exist', async () => {
  const { fake, reconciler, event, metrics } = await startHarness();
  onTestFinished(() => fake.close());
  const countSeries = async () =>
    (await metrics.registry.metrics()).split('\n').filter((line) => /^zen_lead/.test(line)).length;
  const hint = async (name: string) =>
    reconciler.reconcile(await event({ subject: { namespace: 'shop', name } }), false, AbortSignal.timeout(5_000));
  await hint('none');
  const before = await countSeries();
  for (let at = 0; at < 30; at += 1) await hint(`none-${at}`);
  expect(await countSeries()).toBe(before);
  expect(await metrics.registry.metrics()).not.toContain('service="none');
});

it('drops the series of a Service with the Service', async () => {
  const { fake, reconciler, event, metrics, settle } = await startHarness();
  onTestFinished(() => fake.close());
  putService(fake);
  putPod(fake, 'db-0');
  await settle();
  expect(await metrics.registry.metrics()).toContain('service="db"');
  fake.remove('services', 'db');
  await reconciler.reconcile(await event(), false, AbortSignal.timeout(5_000));
  expect(await metrics.registry.metrics()).not.toContain('service="db"');
});
