/**
 * signalContainer: what happens to a process on a real node, done to a container from outside of it: killed, or stopped so that it hangs.
 */

import type { Cluster } from './cluster.ts';

const containerd = ['-a', '/run/containerd/c.sock', '-n', 'k8s.io'];

/** SIGKILL: a crash. SIGSTOP: a hang; the kernel still accepts connections, and nobody answers them. */
export async function signalContainer(
  cluster: Cluster,
  namespace: string,
  pod: string,
  signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT',
  container?: string,
): Promise<void> {
  const filter = container === undefined ? '[0]' : `[?(@.name=="${container}")]`;
  const path = `jsonpath={.status.containerStatuses${filter}.containerID}`;
  const id = (await cluster.kubectl('-n', namespace, 'get', 'pod', pod, '-o', path)).replace('containerd://', '');
  await cluster.run('ctr', ...containerd, 'tasks', 'kill', '--signal', signal, id);
}
