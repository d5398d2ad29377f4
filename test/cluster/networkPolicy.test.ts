/**
 * Tests the NetworkPolicies of deploy/, enforced: leaders move, monitoring reaches its ports, no
 * other client connects to a pod, and a pod opens no connection that zen-lead has no use for.
 *
 * Every pod of zen-lead starts behind the rules: a connection that is older than they are is not
 * held back, so it would prove nothing.
 */

import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { enforcePolicies } from './enforcePolicies.ts';
import { loseLeader, startWorkload, type Workload } from './startWorkload.ts';
import { listPods, waitUntilReady } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);

describe('with the NetworkPolicies enforced', () => {
  let workload: Workload;
  let monitoring: Workload;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    stop = await enforcePolicies(cluster, 'zen-lead');
    for (const half of ['functions', 'bridge'] as const)
      await cluster.kubectl('-n', 'zen-lead', 'delete', 'pods', ...(await listPods(cluster, half)), '--grace-period=1');
    await waitUntilReady(cluster);
    workload = await startWorkload(cluster, 'policy');
    // The policies allow scrapes from this namespace by its name. What runs there does not matter.
    monitoring = await startWorkload(cluster, 'monitoring');
  });
  afterAll(async () => {
    await stop();
    await workload.remove();
    await monitoring.remove();
  });

  test('a leader is replaced: API server, DNS, gateway and functions are reached', async () => {
    const leader = (await workload.readLeader()) ?? '';
    await loseLeader(cluster, workload, leader);
    expect(await workload.waitForOther(leader)).not.toBe(leader);
    await cluster.kubectl('-n', workload.namespace, 'rollout', 'status', 'deploy/web', '--timeout=60s');
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

  test('what comes through a Service is refused too', async () => {
    const service = `zen-lead-functions-private-${workload.namespace}`;
    await cluster.apply(`
apiVersion: v1
kind: Service
metadata: { name: ${service}, namespace: zen-lead }
spec:
  selector: { serving.knative.dev/service: zen-lead-functions }
  ports: [{ name: metrics, port: 80, targetPort: 8080 }]
`);
    const address = await cluster.kubectl(
      '-n',
      'zen-lead',
      'get',
      'service',
      service,
      '-o',
      'jsonpath={.spec.clusterIP}',
    );
    // Monitoring shows that the Service routes.
    await expect.poll(() => canConnect(monitoring, address, 80)).toBe(true);
    expect(await canConnect(workload, address, 80)).toBe(false);
    await cluster.kubectl('-n', 'zen-lead', 'delete', 'service', service);
  });

  describe('of two servers on a pod, one on the port of an API server', () => {
    const ports = [6443, 9443];
    let address: string;
    beforeAll(async () => {
      const [server = ''] = await workload.pods();
      address = await cluster.kubectl(
        ...['-n', workload.namespace, 'get', 'pod', server, '-o', 'jsonpath={.status.podIP}'],
      );
      for (const port of ports) {
        const httpd = ['/bin/busybox', 'httpd', '-p', String(port), '-h', '/tmp'];
        await cluster.kubectl('-n', workload.namespace, 'exec', server, '--', ...httpd);
        // A refusal proves something only where a server listens.
        await vi.waitUntil(() => canConnect(monitoring, address, port), { timeout: 30_000 });
      }
    });

    test('bridge and functions reach that one alone', async () => {
      expect(await reached('bridge')).toEqual([6443]);
      expect(await reached('functions')).toEqual([6443]);
    });

    test('the component health-checks opens every port of pods to the bridge alone', async () => {
      const policy = resolve(import.meta.dirname, '../../deploy/components/health-checks/network-policy.yaml');
      await cluster.kubectl('apply', '-f', policy);
      await expect.poll(() => reached('bridge')).toEqual(ports);
      expect(await reached('functions')).toEqual([6443]);
      await cluster.kubectl('delete', '-f', policy);
    });

    /** Returns the ports to which a pod of that half connects. */
    async function reached(half: 'bridge' | 'functions'): Promise<readonly number[]> {
      const [name = ''] = await listPods(cluster, half);
      const container = half === 'bridge' ? 'bridge' : 'user-container';
      const program = `
        const socket = require('node:net').connect(Number(process.argv[2]), process.argv[1]);
        socket.setTimeout(3000, () => process.exit(1));
        socket.on('error', () => process.exit(1)).on('connect', () => process.exit(0));`;
      const opened = await Promise.all(
        ports.map((port) => {
          const node = ['/usr/local/bin/node', '-e', program, address, String(port)];
          return succeeds('-n', 'zen-lead', 'exec', name, '-c', container, '--', ...node);
        }),
      );
      return ports.filter((_, index) => opened[index]);
    }
  });

  /**
   * Connects from a pod of that workload. A refusal may be silence; within one node no packet takes
   * three seconds.
   */
  async function canConnect({ namespace }: Workload, address: string, port: number): Promise<boolean> {
    const nc = ['/bin/busybox', 'nc', '-w', '3', address, String(port), '-e', '/bin/busybox', 'true'];
    return succeeds('-n', namespace, 'exec', 'deploy/web', '--', ...nc);
  }

  async function succeeds(...args: readonly string[]): Promise<boolean> {
    return cluster.kubectl(...args).then(
      () => true,
      () => false,
    );
  }
});
