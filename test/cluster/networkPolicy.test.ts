/**
 * Tests the NetworkPolicies of deploy/, enforced: monitoring reaches its ports, no other client
 * connects to a pod, and a pod opens no connection that zen-lead has no use for.
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

  test.each([
    ['bridge', 'bridge'],
    ['functions', 'user-container'],
  ] as const)('the %s connects to the port of an API server anywhere, and to no other', async (half, container) => {
    const [name = ''] = await listPods(cluster, half);
    const [server = ''] = await workload.pods();
    const address = await cluster.kubectl(
      ...['-n', workload.namespace, 'get', 'pod', server, '-o', 'jsonpath={.status.podIP}'],
    );
    const ports = [6443, 9443];
    for (const port of ports) {
      const httpd = ['/bin/busybox', 'httpd', '-p', String(port), '-h', '/tmp'];
      await cluster.kubectl('-n', workload.namespace, 'exec', server, '--', ...httpd);
      // A refusal proves something only where a server listens.
      await expect.poll(() => canConnect(monitoring, address, port)).toBe(true);
    }
    const program = `
      const socket = require('node:net').connect(Number(process.argv[2]), process.argv[1]);
      socket.setTimeout(3000, () => process.exit(1));
      socket.on('error', () => process.exit(1)).on('connect', () => process.exit(0));`;
    const opened = await Promise.all(
      ports.map((port) => {
        const node = ['/usr/local/bin/node', '-e', program, address, String(port)];
        return cluster.kubectl('-n', 'zen-lead', 'exec', name, '-c', container, '--', ...node).then(
          () => true,
          () => false,
        );
      }),
    );
    expect(opened).toEqual([true, false]);
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
