/**
 * Stands in for the kubelets of the demo. It runs a process for every pod that has a node, probes
 * it and writes its status. It restarts the process when that ends, and stops it when the pod is
 * deleted.
 *
 * Guarantees: it finds out readiness by probing, as a kubelet does, and never from the code that
 * kills the process.
 */

import { codeOf } from '../../../lib/errors.ts';
import type { PodView } from '../../../lib/selection/snapshot.ts';
import type { Journal } from '../journal.ts';
import { HEALTH_PORT, POSTGRES_PORT } from '../postgres.ts';
import { type ClusterClient, path } from './clusterClient.ts';
import type { PodNetwork } from './podNetwork.ts';
import { type PodProcess, startPodProcess } from './podProcess.ts';
import { aPodStatus } from './podStatus.ts';

/** A real kubelet probes every 10 s by default, which is too long to watch. */
export const PROBE_EVERY_MS = 200;
/**
 * Failures that make a pod not Ready; the default is 3. A dead pod is noticed 200 to 400 ms after
 * its end.
 */
const FAILURE_THRESHOLD = 2;
/** Long enough to see the dark time, short enough to see the pod come back as a follower. */
const RESTART_AFTER_MS = 1_500;
/** What PostgreSQL takes to end its sessions; the pod goes on answering meanwhile. */
const SHUTDOWN_TAKES_MS = 600;

interface KubeletOptions {
  readonly client: ClusterClient;
  readonly network: PodNetwork;
  readonly journal: Journal;
  /** A status could not be written, and the demo cannot go on. */
  onError(error: unknown): void;
}

interface Kubelet {
  /** Takes a pod as the watch saw it last. */
  see(pod: PodView): void;
  forget(pod: PodView): void;
  /** Kills the process of a pod, as `kill -9` on the node would. */
  crash(podName: string): void;
  /** Stops the process of a pod, as `kill -STOP` on the node would. */
  hang(podName: string): void;
  /** Lets it go on. */
  wake(podName: string): void;
  close(): void;
}

interface RunningPod {
  readonly pod: PodView;
  readonly ip: string;
  readonly startedAt: number;
  process: PodProcess | null;
  isReady: boolean;
  failedProbes: number;
  isStopping: boolean;
  restarts: number;
}

export function startKubelet({ client, network, journal, onError }: KubeletOptions): Kubelet {
  const running = new Map<string, RunningPod>();
  const stop = new AbortController();
  let podsStarted = 0;

  function attempt(work: Promise<void>): void {
    work.catch((error: unknown) => {
      // A pod that was deleted meanwhile has no status to write.
      if (!stop.signal.aborted && codeOf(error) !== 'KUBE_NOT_FOUND') onError(error);
    });
  }

  function later(delayMs: number, work: () => Promise<void>): void {
    const timer = setTimeout(() => attempt(work()), delayMs);
    stop.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  async function start(entry: RunningPod): Promise<void> {
    if (stop.signal.aborted || entry.isStopping) return;
    entry.process = await startPodProcess(network, {
      name: entry.pod.name,
      ip: entry.ip,
      port: entry.pod.ports[0]?.port ?? POSTGRES_PORT,
      healthPort: HEALTH_PORT,
      onExit: () => {
        entry.process = null;
        journal.record({ kind: 'exited', pod: entry.pod.name });
        if (entry.isStopping) return;
        entry.restarts += 1;
        later(RESTART_AFTER_MS, () => start(entry));
      },
    });
    await probe(entry);
  }

  /**
   * One success makes a pod Ready, as it does by default. The probe is `tcpSocket`, so a process
   * that hangs stays Ready: the kernel accepts for it.
   */
  async function probe(entry: RunningPod): Promise<void> {
    entry.failedProbes = entry.process === null ? entry.failedProbes + 1 : 0;
    const isReady = entry.failedProbes < FAILURE_THRESHOLD;
    if (isReady === entry.isReady) return;
    entry.isReady = isReady;
    const { ip, startedAt, restarts } = entry;
    const status = aPodStatus({ ip, startedAt, restarts, isReady, changedAt: Date.now() });
    // Noted before it is sent: within one process the route can change before the answer to this
    // write is read.
    journal.record({ kind: isReady ? 'ready' : 'notReady', pod: entry.pod.name });
    await client.patch(path.podStatus(entry.pod.namespace, entry.pod.name), { status }, stop.signal);
  }

  async function end(entry: RunningPod): Promise<void> {
    entry.process?.crash();
    await client.delete(path.pod(entry.pod.namespace, entry.pod.name), 0, stop.signal);
  }

  function processOf(podName: string): PodProcess | null {
    for (const { pod, process } of running.values()) if (pod.name === podName) return process;
    return null;
  }

  const probes = setInterval(() => {
    for (const entry of running.values()) if (!entry.isStopping) attempt(probe(entry));
  }, PROBE_EVERY_MS);

  return {
    see(pod) {
      const known = running.get(pod.uid);
      if (pod.terminating) {
        if (known === undefined || known.isStopping) return;
        known.isStopping = true;
        later(SHUTDOWN_TAKES_MS, () => end(known));
        return;
      }
      if (known !== undefined || pod.nodeName === undefined) return;
      podsStarted += 1;
      const entry: RunningPod = {
        pod,
        ip: `10.244.0.${10 + (podsStarted % 240)}`,
        startedAt: Date.now(),
        process: null,
        isReady: false,
        failedProbes: 0,
        isStopping: false,
        restarts: 0,
      };
      running.set(pod.uid, entry);
      attempt(start(entry));
    },
    forget(pod) {
      const known = running.get(pod.uid);
      running.delete(pod.uid);
      if (known === undefined) return;
      known.isStopping = true;
      known.process?.crash();
    },
    crash: (podName) => processOf(podName)?.crash(),
    hang: (podName) => processOf(podName)?.hang(),
    wake: (podName) => processOf(podName)?.wake(),
    close() {
      clearInterval(probes);
      stop.abort();
      for (const entry of running.values()) {
        entry.isStopping = true;
        entry.process?.crash();
      }
    },
  };
}
