/**
 * Tests that `zen-flow run` is slower with a slow API server that works, and does not stop. Each
 * story takes real time, so those of a second and more a call run in CI only.
 */

import { expect, it } from 'vitest';
import { aStep } from '../../support/objects/aFlow.ts';
import { aFlowCluster } from '../../support/programs/aFlowCluster.ts';

const callTimesMs = process.env['CI'] === undefined ? [300] : [300, 1_100, 2_500];
const PATIENCE_MS = 240_000;

// One after another: what aFlowCluster starts ends with the test that runs at that time.
it.each(callTimesMs)(
  'a flow of two steps comes to its end with %i ms a call',
  { timeout: 3 * PATIENCE_MS },
  async (latencyMs) => {
    const cluster = await aFlowCluster();
    cluster.server.faults.add({ fault: { kind: 'latency', latencyMs }, matches: () => true });
    cluster.startBridge();
    cluster.apply({ steps: [aStep('a'), aStep('b', 'a')] });
    const poll = { timeout: PATIENCE_MS, interval: 20 };
    await expect.poll(() => cluster.status()?.phase, poll).toBe('Succeeded');
    expect(cluster.made).toEqual(['a/1', 'b/1']);
  },
);
