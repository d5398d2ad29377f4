/**
 * Tests how Knative scales the functions: to several under load and back, to none and from none.
 */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { note } from './figures.ts';
import { setConfig } from './installKnative.ts';
import { startLoad } from './load.ts';
import { loseLeader, startWorkload, type Workload } from './startWorkload.ts';
import { darkTimeMs, startTraffic } from './traffic.ts';
import { applyOverlay, countReadyFunctions, listPods, waitUntilReady } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);

const workloads: Workload[] = [];
afterAll(async () => {
  await applyOverlay(cluster, 'first');
  await waitUntilReady(cluster);
  // Sixty Services removed at once are sixty reconciles, for which a target of one would start a
  // dozen functions. So they go last.
  for (const workload of workloads) await workload.remove();
});

describe('under load', () => {
  let workload: Workload;
  beforeAll(async () => {
    workload = await startWorkload(cluster, 'load');
    workloads.push(workload);
    await applyOverlay(cluster, 'load');
    await waitUntilReady(cluster);
  });

  test('Knative scales the functions to several and back, and every Service ends where its last pin says', async () => {
    await expect.poll(() => countReadyFunctions(cluster), { timeout: 90_000, interval: 500 }).toBe(1);
    const load = await startLoad(cluster, workload, { services: 60, changesPerSecond: 120 });
    await expect.poll(() => countReadyFunctions(cluster), { timeout: 90_000, interval: 500 }).toBeGreaterThan(1);
    const most = await countReadyFunctions(cluster);
    console.log(`cluster figure: functions under load ${most}`);
    const wanted = await load.stop();

    // Pins count in the order in which they were written: a late reconcile of another replica must
    // not undo the last.
    await expect.poll(() => load.readLeaders(), { timeout: 60_000, interval: 500 }).toEqual(wanted);
    expect(load.epochsThatWentDown()).toEqual([]);
    await expect.poll(() => countReadyFunctions(cluster), { timeout: 120_000, interval: 1_000 }).toBe(1);
    expect(await load.readLeaders()).toEqual(wanted);
  });
});

describe('scaled to zero', () => {
  let workload: Workload;
  beforeAll(async () => {
    // The shortest period that Knative accepts; the default of 30 s would only be waited for.
    await setConfig(cluster, 'config-autoscaler', { 'scale-to-zero-grace-period': '6s' });
    workload = await startWorkload(cluster, 'zero');
    workloads.push(workload);
    await applyOverlay(cluster, 'zero');
    await waitUntilReady(cluster);
  });

  test('a failover wakes a function that was scaled to zero', async () => {
    // Waits until the pods are gone: one that drains still answers on its open connections.
    await expect.poll(() => listPods(cluster, 'functions'), { timeout: 180_000, interval: 500 }).toEqual([]);
    const leader = (await workload.readLeader()) ?? '';
    const traffic = await startTraffic(cluster, workload);
    await loseLeader(cluster, workload, leader);
    const next = await workload.waitForOther(leader);
    await traffic.waitForAnswer(next);
    const dark = darkTimeMs(await traffic.stop());
    note('leader lost with the functions at zero: dark time', dark);
    expect(dark).toBeLessThan(20_000);
    expect(await countReadyFunctions(cluster)).toBeGreaterThan(0);
  });
});
