/**
 * Tests the NetworkPolicies of deploy/, enforced: monitoring reaches its ports, and no other client
 * connects to a pod.
 *
 * Does not guarantee that Knative's own path gets through. On this node the rules do not hold back
 * what goes through a Service: failovers went on with every client refused.
 */

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { enforcePolicies } from './enforcePolicies.ts';
import { startWorkload, type Workload } from './startWorkload.ts';
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
    // The policies allow scrapes from this namespace by its name. What runs there does not matter.
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
    // Events come in here.
    ['functions', 8012, false],
  ] as const)('of the %s, port %i is open to monitoring: %s, and to no other pod', async (half, port, isOpen) => {
    const [name = ''] = await listPods(cluster, half);
    const address = await cluster.kubectl('-n', 'zen-lead', 'get', 'pod', name, '-o', 'jsonpath={.status.podIP}');
    expect(await canConnect(monitoring, address, port)).toBe(isOpen);
    expect(await canConnect(workload, address, port)).toBe(false);
  });

  /**
   * Connects from a pod of that workload. A refusal may be silence; within one node no packet takes
   * three seconds.
   */
  async function canConnect({ namespace }: Workload, address: string, port: number): Promise<boolean> {
    const nc = ['/bin/busybox', 'nc', '-w', '3', address, String(port), '-e', '/bin/busybox', 'true'];
    return cluster.kubectl('-n', namespace, 'exec', 'deploy/web', '--', ...nc).then(
      () => true,
      () => false,
    );
  }
});
