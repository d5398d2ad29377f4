/**
 * The NetworkPolicies of deploy/, enforced: monitoring gets through to its ports, and nobody else connects to a pod.
 *
 * Not shown: that Knative's own path gets through. What goes through a Service is not held back by these rules on this node (with nobody
 * allowed, failovers went on), so that it would pass whatever the policy says.
 */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './cluster.ts';
import { enforcePolicies } from './enforcePolicies.ts';
import { startWorkload, type Workload } from './workload.ts';
import { listPods } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);

describe('with the NetworkPolicies enforced', () => {
  let workload: Workload;
  let monitoring: Workload;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    stop = await enforcePolicies(cluster, 'zen-lead');
    workload = await startWorkload(cluster, 'policy');
    // The name that the policies allow scrapes from. What runs there does not matter.
    monitoring = await startWorkload(cluster, 'monitoring');
  });
  afterAll(async () => {
    await stop();
    await workload.remove();
    await monitoring.remove();
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

  /** From a pod of theirs. Three seconds, because a refusal may be silence; within one node no packet is that late. */
  async function canConnect({ namespace }: Workload, address: string, port: number): Promise<boolean> {
    const nc = ['/bin/busybox', 'nc', '-w', '3', address, String(port), '-e', '/bin/busybox', 'true'];
    return cluster.kubectl('-n', namespace, 'exec', 'deploy/web', '--', ...nc).then(
      () => true,
      () => false,
    );
  }
});
