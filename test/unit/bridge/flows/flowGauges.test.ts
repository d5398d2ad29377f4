/** What the bridge counts of flows when it is scraped. */

import { expect, it } from 'vitest';
import { registerFlowGauges } from '../../../../bridge/flows/flowGauges.ts';
import type { FlowView } from '../../../../lib/flow/state/snapshot.ts';
import { createFlowMetrics } from '../../../../lib/telemetry/flowMetrics.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aFlowWorld, aStep } from '../../../support/objects/aFlow.ts';
import { createVirtualClock } from '../../../support/simulated/virtualClock.ts';

it('counts steps that wait, also for a quota while the view says so and the step still runs', async () => {
  const world = aFlowWorld({ parallelism: 2, steps: [aStep('a'), aStep('b'), aStep('c')] });
  world.at(0);
  const { flow } = world.cluster.snapshot(0);
  const record = world.cluster.record();
  if (flow === null || record === null) throw new Error('no flow');
  const seen = [
    { name: 'a', phase: 'Running', reason: 'Quota' },
    { name: 'b', phase: 'Running', reason: null },
    // It has gone on since.
    { name: 'c', phase: 'Running', reason: 'Quota' },
  ];
  const view = { ...flow, status: { phase: 'Running', steps: seen } } as unknown as FlowView;
  const metrics = createFlowMetrics(createMetrics().registry);
  registerFlowGauges(metrics, { views: () => [{ flow: view, record }] }, createVirtualClock(), {
    isFirst: () => true,
    isSynced: () => true,
  });
  const { values } = await metrics.stepsWaiting.get();
  expect(values.map(({ labels, value }) => [labels.reason, value])).toEqual([
    ['Parallelism', 1],
    ['Quota', 1],
  ]);
});
