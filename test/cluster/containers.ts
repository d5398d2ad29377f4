/**
 * Sends a signal to a container from outside of it: kills it, or stops it so that it hangs.
 *
 * It asks containerd which container that is, because containerd knows at once that one was
 * replaced, also while the API server is away.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './attachCluster.ts';

const ctr = ['-a', '/run/containerd/c.sock', '-n', 'k8s.io'];
/** A container that has just crashed twice starts again after ten seconds, then twenty. */
const startTimeoutMs = 90_000;

/**
 * SIGKILL is a crash. SIGSTOP is a hang: the kernel still accepts connections, and no process
 * answers them.
 */
export async function signalContainer(
  cluster: Cluster,
  pod: string,
  container: string,
  signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT',
  /** Every process of the container, instead of the first. SIGKILL to the first ends them all. */
  { all = false }: { readonly all?: boolean } = {},
): Promise<void> {
  const { id } = await findTask(cluster, pod, container);
  await cluster.run('ctr', ...ctr, 'tasks', 'kill', ...(all ? ['--all'] : []), '--signal', signal, id);
}

/** Returns the id of the first process of a container on the first node, in its namespaces. */
export async function readContainerPid(cluster: Cluster, pod: string, container: string): Promise<string> {
  return (await findTask(cluster, pod, container)).pid;
}

async function findTask(
  cluster: Cluster,
  pod: string,
  container: string,
): Promise<{ readonly id: string; readonly pid: string }> {
  const filter = `labels."io.kubernetes.pod.name"==${pod},labels."io.kubernetes.container.name"==${container}`;
  const deadlineAt = Date.now() + startTimeoutMs;
  while (Date.now() < deadlineAt) {
    const ids = (await cluster.run('ctr', ...ctr, 'containers', 'ls', '-q', filter)).trim().split('\n');
    // ID PID STATUS
    const tasks = (await cluster.run('ctr', ...ctr, 'tasks', 'ls')).split('\n').map((line) => line.trim().split(/\s+/));
    const [id, pid] = tasks.find(([each = '', , status]) => status !== 'STOPPED' && ids.includes(each)) ?? [];
    if (id !== undefined && pid !== undefined) return { id, pid };
    await sleep(200);
  }
  throw new Error(`no container ${container} of ${pod} runs`);
}
