/**
 * Tests what becomes of a leader whose node, or whose network, is gone, as a TCP client behind
 * kube-proxy sees it. docs/how-to/node-failures.md
 *
 * The leader is on a second node with a kubelet of its own, which renews its Lease every 10 s as
 * Kubernetes has it. The client, the bridge and the pods that take over are on the first one.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { readContainerPid } from './containers.ts';
import { note } from './figures.ts';
import { type SecondNode, setNetworkCut, startSecondNode } from './startSecondNode.ts';
import { startWorkload, type Workload } from './startWorkload.ts';
import { darkTimeMs, startTraffic, turns } from './traffic.ts';
import { applyOverlay, listPods, readMetrics, waitUntilReady } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);

/** On a busy machine. The figures say what it was. */
const maxDarkMs = { check: 10_000, port: 20_000, lease: 36_000 };
/** Longer than a Lease is waited for, and shorter than Kubernetes waits (40 s). */
const frozenMs = 32_000;
/** Three gaps between renewals, before which no node is late. */
const gapsMs = 35_000;
const timeout = 300_000;
const check = {
  'health-check': 'http://:8080/index.html',
  'health-check-interval': '100ms',
  'health-check-timeout': '100ms',
  'health-check-failure-threshold': '2',
};

let node: SecondNode;
let workload: Workload;

beforeAll(async () => {
  node = await startSecondNode(cluster);
  workload = await startWorkload(cluster, 'nodes', [
    { name: 'near', replicas: 2, node: 'node0' },
    { name: 'far', replicas: 1, node: node.name },
  ]);
}, timeout);
afterAll(async () => {
  await workload.remove();
  await node.remove();
  await applyOverlay(cluster, 'first');
  await cluster.kubectl('delete', 'clusterrole,clusterrolebinding', 'zen-lead-nodes');
  await cluster.kubectl('-n', 'kube-node-lease', 'delete', 'role,rolebinding', 'zen-lead-nodes');
  await waitUntilReady(cluster);
}, timeout);

async function annotate(annotations: Readonly<Record<string, string | null>>): Promise<void> {
  const changes = Object.entries(annotations).map(([key, value]) =>
    value === null ? `zen-lead.io/${key}-` : `zen-lead.io/${key}=${value}`,
  );
  await cluster.kubectl('-n', workload.namespace, 'annotate', '--overwrite', 'service', 'web', ...changes);
}

/** Returns the pod on the second node, which leads from then on. */
async function leadFromAfar(): Promise<string> {
  await cluster.kubectl('wait', '--for=condition=Ready', `node/${node.name}`, '--timeout=120s');
  await cluster.kubectl('-n', workload.namespace, 'wait', '--for=condition=Ready', 'pod', '--all', '--timeout=120s');
  const far = (await workload.pods()).find((name) => name.startsWith('far-')) ?? '';
  await annotate({ 'pin-leader': far });
  await expect.poll(() => workload.readLeader(), { timeout: 60_000 }).toBe(far);
  await annotate({ 'pin-leader': null });
  return far;
}

/** The bridges have seen each Lease renewed. */
async function untilNodesAreKnown(): Promise<void> {
  await vi.waitFor(
    async () => {
      // Listed each time, because a pod of the previous rollout may be about to go.
      for (const bridge of await listPods(cluster, 'bridge'))
        expect(await readMetrics(cluster, bridge)).toMatch(/^zen_lead_nodes\{state="alive"\} 2$/m);
    },
    { timeout: 120_000, interval: 500 },
  );
}

/** Returns how long a client was in the dark while the node of the leader was cut off. */
async function cutNode(): Promise<number> {
  const leader = await leadFromAfar();
  const traffic = await startTraffic(cluster, workload);
  await node.setCut(true);
  try {
    await traffic.waitForAnswer(await workload.waitForOther(leader));
    return darkTimeMs(await traffic.stop());
  } finally {
    await node.setCut(false);
  }
}

/** Stops these kubelets for a while. Returns the pods that answered the client meanwhile. */
async function freezeKubelets(kubelets: readonly ('node0' | 'node1')[]): Promise<readonly string[]> {
  const first = readFileSync(join(directory, 'kubelet.pid'), 'utf8').trim();
  const send = async (signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> => {
    if (kubelets.includes('node0')) await cluster.run('kill', `-${signal}`, first);
    if (kubelets.includes('node1')) await node.signalKubelet(signal);
  };
  const traffic = await startTraffic(cluster, workload);
  await send('SIGSTOP');
  try {
    await sleep(frozenMs);
  } finally {
    await send('SIGCONT');
  }
  return turns(await traffic.stop());
}

describe('with the Leases of nodes alone', () => {
  beforeAll(async () => {
    await applyOverlay(cluster, 'nodes');
    // A bridge that was refused asks for nodes again within a minute, and is not restarted.
    await waitUntilReady(cluster);
    await untilNodesAreKnown();
    await sleep(gapsMs);
  }, timeout);

  test('a leader whose node is cut off is left before Kubernetes gives the node up', { timeout }, async () => {
    const dark = await cutNode();
    note('node cut off, by its Lease: dark time', dark);
    expect(dark).toBeLessThan(maxDarkMs.lease);
  });

  test('no leader moves while no Lease is renewed at all', { timeout }, async () => {
    const leader = await leadFromAfar();
    await untilNodesAreKnown();
    expect(await freezeKubelets(['node0', 'node1'])).toEqual([leader]);
  });
});

describe('with the port of the kubelets', () => {
  beforeAll(async () => {
    await applyOverlay(cluster, 'node-check');
    await waitUntilReady(cluster);
    await untilNodesAreKnown();
  }, timeout);

  test('a leader whose node is cut off is left within seconds', { timeout }, async () => {
    const dark = await cutNode();
    note('node cut off, by its port: dark time', dark);
    expect(dark).toBeLessThan(maxDarkMs.port);
  });

  test('no leader moves when the kubelet of its node alone stands still', { timeout }, async () => {
    const leader = await leadFromAfar();
    await untilNodesAreKnown();
    expect(await freezeKubelets(['node1'])).toEqual([leader]);
  });

  test('no leader moves while no Lease is renewed at all, beside the port', { timeout }, async () => {
    const leader = await leadFromAfar();
    await untilNodesAreKnown();
    expect(await freezeKubelets(['node0', 'node1'])).toEqual([leader]);
  });
});

describe('with a health check of 100ms/100ms/2', () => {
  beforeAll(() => annotate(check));

  test('a leader whose node is cut off is left', { timeout }, async () => {
    const dark = await cutNode();
    note('node cut off, with a health check of 100ms/100ms/2: dark time', dark);
    expect(dark).toBeLessThan(maxDarkMs.check);
  });

  test('a leader whose own network is cut is left', { timeout }, async () => {
    await leadFromAfar();
    const near = (await workload.pods()).find((name) => name.startsWith('near-')) ?? '';
    await annotate({ 'pin-leader': near });
    await expect.poll(() => workload.readLeader(), { timeout: 60_000 }).toBe(near);
    await annotate({ 'pin-leader': null });
    const traffic = await startTraffic(cluster, workload);
    const container = await readContainerPid(cluster, near, 'web');
    await setNetworkCut(cluster, container, true);
    try {
      await traffic.waitForAnswer(await workload.waitForOther(near));
    } finally {
      await setNetworkCut(cluster, container, false);
    }
    const dark = darkTimeMs(await traffic.stop());
    note('network of the pod cut, with a health check of 100ms/100ms/2: dark time', dark);
    expect(dark).toBeLessThan(maxDarkMs.check);
  });
});
