/**
 * Starts a real one-node Kubernetes on this machine, in network, mount and process namespaces of
 * its own.
 *
 * Guarantees: the machine outside keeps no address, mount or process of it, and no cluster outlives
 * the test process.
 *
 * It needs about ten seconds on two idle cores.
 */

import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startProcess } from '../support/programs/startProcess.ts';
import { attachCluster, type Cluster } from './attachCluster.ts';
import { type ClusterAssets, clusterPrograms } from './clusterAssets.ts';
import { writeClusterImages } from './clusterImages.ts';

interface StartedCluster {
  readonly cluster: Cluster;
  /** Removes the folder too, unless its logs are wanted. */
  stop(options?: { readonly keepLogs?: boolean }): Promise<void>;
}

/** Ten times what an idle machine takes. */
const startTimeoutMs = 120_000;

export async function startCluster(assets: ClusterAssets): Promise<StartedCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-cluster-'));
  mkdirSync(join(directory, 'bin'));
  mkdirSync(join(directory, 'images'));
  for (const [name, path] of Object.entries(assets.controlPlane)) symlinkSync(path, join(directory, 'bin', name));
  for (const { name } of clusterPrograms) symlinkSync(join(assets.directory, name), join(directory, 'bin', name));
  writeClusterImages(assets, join(directory, 'images'));

  const running = startProcess({
    name: 'node',
    command: 'unshare',
    // With --kill-child, the end of this process ends pid 1 of the namespaces, and with it
    // everything.
    args: [
      ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'],
      ...['bash', resolve(import.meta.dirname, 'node/node.sh'), directory],
    ],
    directory,
  });
  const stop: StartedCluster['stop'] = async ({ keepLogs = false } = {}) => {
    const containers = await listContainers(running.pid);
    await running.stop('SIGKILL');
    await removeCgroups(containers);
    if (keepLogs) console.log(`cluster: logs are kept in ${directory}`);
    // Containerd's mounts go with the namespaces, a moment after their last process.
    else rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  const deadlineAt = Date.now() + startTimeoutMs;
  while (!existsSync(join(directory, 'ready'))) {
    if (running.ended() !== undefined || Date.now() > deadlineAt) {
      const log = running.log();
      await stop({ keepLogs: true });
      throw new Error(`the cluster did not come up:\n${log}`);
    }
    await sleep(100);
  }
  return { cluster: attachCluster(directory, readFirstChild(running.pid)), stop };
}

/**
 * Returns every running container. An empty list means that the cluster never came up, or is
 * broken.
 */
async function listContainers(pid: number): Promise<readonly string[]> {
  try {
    const args = ['-a', '/run/containerd/c.sock', '-n', 'k8s.io', 'tasks', 'ls', '-q'];
    const enter = ['--target', String(readFirstChild(pid)), '--net', '--mount', '--pid', '--'];
    const { stdout } = await promisify(execFile)('nsenter', [...enter, 'ctr', ...args], { timeout: 10_000 });
    return stdout.split('\n').filter((id) => id !== '');
  } catch {
    return [];
  }
}

/**
 * Containers that are killed with their runtime leave an empty cgroup in each hierarchy, which no
 * namespace of ours holds.
 */
async function removeCgroups(containers: readonly string[]): Promise<void> {
  for (const id of containers) {
    for (const path of globSync(`/sys/fs/cgroup/{,*/}k8s.io/${id}`)) {
      // A cgroup is busy until its last process has been reaped.
      for (let attempt = 0; attempt < 20 && !removeDirectory(path); attempt += 1) await sleep(100);
    }
  }
}

function removeDirectory(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return !existsSync(path);
  }
}

/** Returns pid 1 of the namespaces, as it is numbered outside. */
function readFirstChild(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  if (child === undefined || child === '') throw new Error('unshare has no child');
  return Number(child);
}
