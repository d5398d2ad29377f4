/**
 * The NetworkPolicies of deploy/, enforced: whoever has to get through does, and nobody else.
 */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './cluster.ts';
import { enforcePolicies } from './enforcePolicies.ts';
import { loseLeader, startWorkload, type Workload } from './workload.ts';
import { applyOverlay, listPods, waitUntilReady } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);

describe('with the NetworkPolicies enforced', () => {
  let workload: Workload;
  let monitoring: Workload;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    await applyOverlay(cluster, 'policy');
    stop = await enforcePolicies(cluster, 'zen-lead');
    workload = await startWorkload(cluster, 'policy');
    // The name that the policies allow scrapes from. What runs there does not matter.
    monitoring = await startWorkload(cluster, 'monitoring');
  });
  afterAll(async () => {
    await stop();
    await workload.remove();
    await monitoring.remove();
    await applyOverlay(cluster, 'first');
    await waitUntilReady(cluster);
  });

  test('a leader is replaced, by functions and a bridge that start behind them too', async () => {
    await failOver();
    // Until they are gone: one that drains is still reached on connections that are older than the rules.
    for (const half of ['functions', 'bridge'] as const)
      await cluster.kubectl('-n', 'zen-lead', 'delete', 'pods', ...(await listPods(cluster, half)), '--grace-period=1');
    // Its probes pass, the activator finds it, and the gateway reaches it.
    await waitUntilReady(cluster);
    await failOver();
  });

  test.each([
    ['bridge', 8081, true],
    ['functions', 8080, true],
    // Where events come in.
    ['functions', 8012, false],
  ] as const)('of the %s, port %i is open to monitoring: %s, and to nobody else', async (half, port, isOpen) => {
    const [name = ''] = await listPods(cluster, half);
    const address = await cluster.kubectl('-n', 'zen-lead', 'get', 'pod', name, '-o', 'jsonpath={.status.podIP}');
    expect(await canConnect(monitoring, address, port)).toBe(isOpen);
    expect(await canConnect(workload, address, port)).toBe(false);
  });

  async function failOver(): Promise<void> {
    const leader = (await workload.readLeader()) ?? '';
    await loseLeader(cluster, workload, leader);
    expect(await workload.waitForOther(leader)).not.toBe(leader);
    await cluster.kubectl('-n', workload.namespace, 'rollout', 'status', 'deploy/web', '--timeout=60s');
  }

  /** From a pod of theirs. Three seconds, because a refusal may be silence; within one node no packet is that late. */
  async function canConnect({ namespace }: Workload, address: string, port: number): Promise<boolean> {
    const nc = ['/bin/busybox', 'nc', '-w', '3', address, String(port), '-e', '/bin/busybox', 'true'];
    return cluster.kubectl('-n', namespace, 'exec', 'deploy/web', '--', ...nc).then(
      () => true,
      () => false,
    );
  }
});
