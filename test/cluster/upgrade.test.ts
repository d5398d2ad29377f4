/**
 * Tests the upgrade from one image to another, while leaders keep dying.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFinished, test } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { note } from './figures.ts';
import { startWorkload, type Workload } from './startWorkload.ts';
import { darkTimeMs, startTraffic, turns } from './traffic.ts';
import { applyOverlay, waitUntilReady } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);
let workload: Workload;
beforeAll(async () => {
  workload = await startWorkload(cluster, 'upgrade');
});
// A retry begins with the older image, too.
beforeEach(async () => {
  await applyOverlay(cluster, 'first');
  await waitUntilReady(cluster);
});
afterAll(async () => {
  await workload.remove();
  await applyOverlay(cluster, 'first');
  await waitUntilReady(cluster);
});

test('an upgrade misses no failover', async () => {
  const traffic = await startTraffic(cluster, workload);
  let isDone = false;
  const upgraded = applyOverlay(cluster, 'second')
    .then(() => waitUntilReady(cluster))
    .finally(() => {
      isDone = true;
    });
  onTestFinished(async () => {
    // Also where the story failed: the next one is not to meet a rollout, or a client of this one.
    await Promise.allSettled([upgraded, traffic.stop()]);
  });
  const leaders: string[] = [];
  const tookMs: number[] = [];
  // At least one failover comes before, during and after: the loop ends with one that began after
  // the rollout.
  for (let isLast = false; !isLast; ) {
    isLast = isDone;
    const leader = (await workload.readLeader()) ?? '';
    leaders.push(leader);
    const startedAt = Date.now();
    await cluster.kubectl('-n', workload.namespace, 'delete', 'pod', leader, '--wait=false');
    await workload.waitForOther(leader);
    tookMs.push(Date.now() - startedAt);
    // Waits until the replacement is Ready too: this story is about zen-lead, not about running out
    // of pods.
    await cluster.kubectl('-n', workload.namespace, 'rollout', 'status', 'deploy/web', '--timeout=60s');
    await sleep(500);
  }
  await upgraded;
  const answers = await traffic.stop();
  note(`upgrade: ${leaders.length} failovers, the slowest`, Math.max(...tookMs));
  note('upgrade: dark time', darkTimeMs(answers));
  expect(leaders.length).toBeGreaterThan(2);
  // An idle machine needs a tenth of a second. The resync finds a missed failover after 30 s.
  expect(darkTimeMs(answers)).toBeLessThan(10_000);
  expect(turns(answers)).toEqual([...leaders, await workload.readLeader()]);
  const images = await cluster.kubectl(
    '-n',
    'zen-lead',
    'get',
    'pods',
    '-o',
    'jsonpath={.items[*].spec.containers[0].image}',
  );
  expect(images).toContain('dev.local/zen-lead:2');
});
