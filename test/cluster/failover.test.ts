/**
 * Tests failover of real pods with real probes, as a TCP client behind kube-proxy sees it.
 */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { signalContainer } from './containers.ts';
import { note, TIMES } from './figures.ts';
import { loseLeader, startWorkload, type Workload } from './startWorkload.ts';
import { darkTimeMs, startTraffic, turns } from './traffic.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);

/**
 * What the rest of Kubernetes needs at most, on a busy machine. The kubelet checks containers and
 * probes once a second, each with a second of patience. kube-proxy writes its rules at most once a
 * second. zen-lead's own part is milliseconds.
 */
const maxDarkMs = 10_000;

/** Told once, or as often as the percentiles of docs/performance.md want it. */
const again = { repeats: TIMES - 1, timeout: 300_000 };

describe('a leader of a real Deployment', () => {
  let workload: Workload;
  beforeAll(async () => {
    workload = await startWorkload(cluster, 'failover');
  });
  afterAll(() => workload.remove());

  test('the leader is one of the pods, and the only one that answers', async () => {
    const leader = await workload.readLeader();
    expect(await workload.pods()).toContain(leader);
    const traffic = await startTraffic(cluster, workload);
    await traffic.waitForAnswer(leader);
    expect(turns(await traffic.stop())).toEqual([leader]);
  });

  test('a leader that is deleted gracefully hands over without a moment of darkness', again, async () => {
    await waitForAll(cluster, workload);
    const leader = await expectLeader(workload);
    const traffic = await startTraffic(cluster, workload);
    await cluster.kubectl('-n', workload.namespace, 'delete', 'pod', leader, '--wait=false');
    const next = await workload.waitForOther(leader);
    await traffic.waitForAnswer(next);
    const answers = await traffic.stop();
    note('graceful deletion: dark time', darkTimeMs(answers));
    // It answers until its grace period is over, and by then no connection is sent there: not one
    // fails.
    expect(answers.filter(({ pod }) => pod === undefined)).toEqual([]);
    expect(turns(answers)).toEqual([leader, next]);
  });

  test('a leader that crashes is replaced within seconds', again, async () => {
    await waitForAll(cluster, workload);
    const leader = await expectLeader(workload);
    const traffic = await startTraffic(cluster, workload);
    await signalContainer(cluster, leader, 'web', 'SIGKILL');
    const next = await workload.waitForOther(leader);
    await traffic.waitForAnswer(next);
    const dark = darkTimeMs(await traffic.stop());
    note('crash: dark time', dark);
    expect(dark).toBeGreaterThan(0);
    expect(dark).toBeLessThan(maxDarkMs);
  });

  test('a leader that is lost is replaced as soon as every proxy has the new route', again, async () => {
    await waitForAll(cluster, workload);
    const leader = await expectLeader(workload);
    const traffic = await startTraffic(cluster, workload);
    await loseLeader(cluster, workload, leader);
    const next = await workload.waitForOther(leader);
    await traffic.waitForAnswer(next);
    const dark = darkTimeMs(await traffic.stop());
    note('leader lost: dark time', dark);
    expect(dark).toBeLessThan(maxDarkMs);
  });

  test('a leader that hangs is replaced as soon as its probe fails', again, async () => {
    await waitForAll(cluster, workload);
    const leader = await expectLeader(workload);
    const traffic = await startTraffic(cluster, workload);
    await signalContainer(cluster, leader, 'web', 'SIGSTOP');
    const next = await workload.waitForOther(leader);
    await traffic.waitForAnswer(next);
    const dark = darkTimeMs(await traffic.stop());
    note('hang: dark time', dark);
    expect(dark).toBeLessThan(maxDarkMs);

    // It comes back to life and stays a follower, because the pod that leads is fit.
    await signalContainer(cluster, leader, 'web', 'SIGCONT');
    await cluster.kubectl('-n', workload.namespace, 'wait', '--for=condition=Ready', `pod/${leader}`, '--timeout=30s');
    expect(await workload.readLeader()).toBe(next);
  });

  test('without pods there is no answer, and the first pod to come back leads', async () => {
    await cluster.kubectl('-n', workload.namespace, 'scale', 'deploy/web', '--replicas=0');
    await expect.poll(() => workload.readLeader(), { timeout: 30_000 }).toBeNull();
    await cluster.kubectl('-n', workload.namespace, 'scale', 'deploy/web', '--replicas=3');
    await expect.poll(() => workload.readLeader(), { timeout: 60_000 }).not.toBeNull();
    expect(await workload.pods()).toContain(await workload.readLeader());
  });
});

/** A pod that crashed some times is started again late. */
async function waitForAll({ kubectl }: typeof cluster, { namespace }: Workload): Promise<void> {
  await kubectl('-n', namespace, 'rollout', 'status', 'deploy/web', '--timeout=150s');
}

async function expectLeader(workload: Workload): Promise<string> {
  const leader = await workload.readLeader();
  if (leader === null) throw new Error('no pod leads');
  return leader;
}
