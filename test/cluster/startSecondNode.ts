/**
 * Starts a second node of the cluster: a real containerd and kubelet in network and mount
 * namespaces of their own, behind one link to the first node. It can be cut off, and its kubelet
 * stopped, as no node can that the rest of the cluster runs on.
 *
 * Guarantees: its end, and that of the cluster, ends everything in it.
 * Does not guarantee another kernel: both nodes share the machine's.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './attachCluster.ts';

export interface SecondNode {
  readonly name: string;
  /** Every packet to and from the node is dropped, without an answer. */
  setCut(isCut: boolean): Promise<void>;
  /** Its kubelet stands still, or goes on. */
  signalKubelet(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  remove(): Promise<void>;
}

/** Ten times what an idle machine takes. */
const startTimeoutMs = 120_000;

export async function startSecondNode(cluster: Cluster): Promise<SecondNode> {
  const directory = join(cluster.directory, 'node1');
  const script = resolve(import.meta.dirname, 'node/secondNode.sh');
  const running = cluster.start('node1', 'bash', script, cluster.directory);
  const deadlineAt = Date.now() + startTimeoutMs;
  while (!existsSync(join(directory, 'ready'))) {
    if (running.ended() !== undefined || Date.now() > deadlineAt)
      throw new Error(`the second node did not come up:\n${running.log()}`);
    await sleep(100);
  }
  const readPid = (name: string): string => readFileSync(join(directory, `${name}.pid`), 'utf8').trim();
  return {
    name: 'node1',
    setCut: (isCut) => setNetworkCut(cluster, readPid('node'), isCut),
    async signalKubelet(signal) {
      await cluster.run('kill', `-${signal}`, readPid('kubelet'));
    },
    async remove() {
      await cluster.kubectl('delete', 'node', 'node1', '--ignore-not-found');
      await cluster.run('kill', '-9', readPid('kubelet'));
      await running.stop('SIGTERM');
    },
  };
}

/**
 * Cuts the network namespace of a process from everything but itself, or joins it again. Packets
 * are dropped, as in a network that has failed: the kernel on the other side gets no refusal.
 */
export async function setNetworkCut(cluster: Cluster, pid: string, isCut: boolean): Promise<void> {
  const enter = ['-t', pid, '--net', 'nft'];
  if (!isCut) {
    await cluster.run('nsenter', ...enter, 'delete', 'table', 'inet', 'cut');
    return;
  }
  const rules = [
    'add table inet cut',
    'add chain inet cut in { type filter hook prerouting priority -310; }',
    'add chain inet cut out { type filter hook postrouting priority -310; }',
    'add rule inet cut in iifname != "lo" meta iifkind != "bridge" drop',
    'add rule inet cut out oifname != "lo" meta oifkind != "bridge" drop',
  ];
  await cluster.run('nsenter', ...enter, rules.join('; '));
}
