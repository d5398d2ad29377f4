import { expect, it } from 'vitest';
import { defaultDeliveryTuning } from '../../../../bridge/delivery/deliveryTuning.ts';
import { startDelivery } from '../../../../bridge/delivery/startDelivery.ts';
import { createQueue } from '../../../../bridge/queue/queue.ts';
import { silentLogger } from '../../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aConcern } from '../../../support/objects/aConcern.ts';
import { aReconcileEvent } from '../../../support/objects/anEvent.ts';
import { createVirtualClock, settle } from '../../../support/simulated/virtualClock.ts';

it('warns at the first 401, names what to compare, and once only until the functions take an event again', async () => {
  const clock = createVirtualClock();
  const warnings: string[] = [];
  let status = 401;
  const queue = createQueue({ maxWaiting: 100, onWaiting: () => delivery.pump(), onRoom: () => {} });
  const delivery = startDelivery({
    queue,
    clock,
    random: () => 1,
    tuning: defaultDeliveryTuning,
    metrics: createMetrics(),
    log: Object.assign(Object.create(silentLogger), { warn: (_fields: object, text: string) => warnings.push(text) }),
    buildEvent: () => aReconcileEvent(),
    onAnswer: () => {},
    onDeadLetter: () => {},
    sink: async () => ({ status }),
  });
  const send = async (name: string) => {
    queue.add(aConcern(name), clock.now());
    await settle();
  };
  const refusals = () => warnings.filter((text) => text.includes('--token-file')).length;

  await send('a');
  expect(refusals()).toBe(1);
  await send('b');
  await clock.advance(10_000);
  expect(refusals()).toBe(1);

  status = 200;
  await clock.advance(30_000);
  status = 401;
  await send('c');
  expect(refusals()).toBe(2);
  await delivery.close();
});
