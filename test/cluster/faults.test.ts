/**
 * Tests failover while zen-lead itself, or the API server, is being killed. Every decision passes
 * through both.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { signalContainer } from './containers.ts';
import { note } from './figures.ts';
import { loseLeader, startWorkload, type Workload } from './startWorkload.ts';
import { darkTimeMs, startTraffic } from './traffic.ts';
import { listPods, waitUntilReady } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);

describe('a failover', () => {
  let workload: Workload;
  beforeAll(async () => {
    workload = await startWorkload(cluster, 'faults');
  });
  afterAll(() => workload.remove());

  test('a failover happens although every function is killed at the same moment', async () => {
    const functions = await listPods(cluster, 'functions');
    const dark = await failOver(() => kill(functions, 'user-container'));
    note('leader lost with every function killed: dark time', dark);
    // The container starts again at once; the bridge retries with backoff.
    expect(dark).toBeLessThan(20_000);
    await waitUntilReady(cluster);
  });

  test('a failover happens although the bridge that sends first is killed at the same moment', async () => {
    const holder = await readHolder();
    expect(await listPods(cluster, 'bridge')).toContain(holder);
    const dark = await failOver(() => kill([holder], 'bridge'));
    note('leader lost with the holder of the Lease killed: dark time', dark);
    // The other bridge watches all the time and waits for no Lease.
    expect(dark).toBeLessThan(10_000);
    await waitUntilReady(cluster);
  });

  test('a failover happens although both bridges are killed at the same moment', async () => {
    const bridges = await listPods(cluster, 'bridge');
    const dark = await failOver(() => kill(bridges, 'bridge'));
    note('leader lost with both bridges killed: dark time', dark);
    // They start again, list, and reconcile first the Services whose leader is not served.
    expect(dark).toBeLessThan(20_000);
    await waitUntilReady(cluster);
  });

  async function readHolder(): Promise<string> {
    const path = 'jsonpath={.spec.holderIdentity}';
    const identity = await cluster.kubectl('-n', 'zen-lead', 'get', 'lease', 'zen-lead-bridge', '-o', path);
    return identity.split('_')[0] ?? '';
  }

  async function kill(pods: readonly string[], container: string): Promise<void> {
    await Promise.all(pods.map((pod) => signalContainer(cluster, pod, container, 'SIGKILL')));
  }

  /**
   * Removes the leader at once and for good, and runs `meanwhile` with it. Returns how many
   * milliseconds the client was without an answer. A crashed container would start again under the
   * same address, and hide a failover that does not come.
   */
  async function failOver(meanwhile: () => Promise<void>): Promise<number> {
    const leader = (await workload.readLeader()) ?? '';
    const traffic = await startTraffic(cluster, workload);
    await Promise.all([loseLeader(cluster, workload, leader), meanwhile()]);
    await traffic.waitForAnswer(await workload.waitForOther(leader));
    return darkTimeMs(await traffic.stop());
  }
});

describe('while the API server is restarted', () => {
  let workload: Workload;
  beforeAll(async () => {
    workload = await startWorkload(cluster, 'restart');
  });
  afterAll(() => workload.remove());

  test('the leader stays and keeps answering while the API server restarts, and the next failover works', async () => {
    const leader = (await workload.readLeader()) ?? '';
    const traffic = await startTraffic(cluster, workload);
    const apiServer = readFileSync(join(directory, 'kube-apiserver.pid'), 'utf8').trim();
    await cluster.run('kill', '-9', apiServer);
    await waitForApiServer();
    expect(await workload.readLeader()).toBe(leader);
    // Long enough for a wrong move: every watch has been cut and opened again.
    await waitUntilReady(cluster);
    expect(await workload.readLeader()).toBe(leader);
    const answers = await traffic.stop();
    expect(answers.filter(({ pod }) => pod !== leader)).toEqual([]);

    await signalContainer(cluster, leader, 'web', 'SIGKILL');
    expect(await workload.waitForOther(leader)).not.toBe(leader);
  });

  test('a leader that dies while the API server restarts is replaced once it is back', async () => {
    const leader = (await workload.readLeader()) ?? '';
    const traffic = await startTraffic(cluster, workload);
    const apiServer = readFileSync(join(directory, 'kube-apiserver.pid'), 'utf8').trim();
    await cluster.run('kill', '-STOP', apiServer);
    // Its probe fails at once, and zen-lead cannot learn of that for three seconds.
    await signalContainer(cluster, leader, 'web', 'SIGSTOP');
    await cluster.run('sleep', '3');
    await cluster.run('kill', '-9', apiServer);
    await waitForApiServer();
    const next = await workload.waitForOther(leader);
    await traffic.waitForAnswer(next);
    const dark = darkTimeMs(await traffic.stop());
    note('hang while the API server was away: dark time', dark);
    expect(dark).toBeLessThan(60_000);
    await waitUntilReady(cluster);
  });

  async function waitForApiServer(): Promise<void> {
    await expect
      .poll(
        () =>
          cluster.request('GET', '/api/v1/namespaces/default').then(
            () => 'up',
            () => 'down',
          ),
        { timeout: 60_000, message: 'waited for the API server to come back' },
      )
      .toBe('up');
  }
});
