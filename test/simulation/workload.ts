/**
 * Workload: runs pods as a StatefulSet and its kubelets would. They flip, end, die and come back
 * under the same name with another uid. Addresses come from a pool that is hardly larger than the
 * set, so that another pod soon gets the address of a dead one.
 */

import { aPodManifest, aPodStatus } from '../support/objects/aPodManifest.ts';
import type { Action } from './action.ts';
import { type ApiServer, timestamp } from './apiServer.ts';
import type { KubeObject } from './kubeObject.ts';
import { APP_LABELS, readyCondition } from './manifests.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface WorkloadOptions {
  readonly server: ApiServer;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly size: number;
  /** Where pods run. */
  readonly nodeNames: readonly string[];
  /** What a kubelet says of the address of its node. Absent where it says nothing. */
  readonly hostIp?: ((nodeName: string) => string) | undefined;
}

interface Status {
  readonly phase?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly conditions?: readonly { readonly status: string }[];
}

export interface Workload {
  readonly actions: readonly Action[];
  start(): void;
  /** Creates a pod of that name, where there is none. */
  replace(name: string): void;
  setReady(name: string, uid: string, isReady: boolean): void;
  kill(name: string, uid: string): void;
}

const ACTOR = 'workload';
/** Further than clocks may differ (lib/selection/fitness.ts), and longer than a run. */
export const AHEAD_MS = 600_000;

export function createWorkload({ server, scheduler, random, size, nodeNames, hostIp }: WorkloadOptions): Workload {
  const names = Array.from({ length: size }, (_, i) => `db-${i}`);
  let generation = 0;
  /** How far the clocks of kubelets are ahead. */
  let aheadMs = 0;

  const pods = (): readonly KubeObject[] => server.etcd.list('pods');
  const statusOf = (pod: KubeObject): Status => (pod['status'] ?? {}) as Status;
  const isLive = (pod: KubeObject): boolean =>
    statusOf(pod).phase === 'Running' && pod.metadata.deletionTimestamp === undefined;
  const patch = (pod: KubeObject, change: object): unknown => server.patch(ACTOR, 'pods', pod.metadata.name, change);
  const pickLive = (): KubeObject | undefined => random.pickAny(pods().filter(isLive));

  /**
   * The lowest address that no pod has, so that another pod soon gets the address of a dead one.
   */
  function freeIps(): readonly string[] {
    const taken = new Set(pods().flatMap((pod) => (statusOf(pod).podIPs ?? []).map(({ ip }) => ip)));
    for (let i = 1; ; i++) if (!taken.has(`10.0.0.${i}`)) return [`10.0.0.${i}`, `fd00::${i}`];
  }

  function create(name: string): void {
    generation += 1;
    const uid = `pod-${name}-${generation}`;
    const nodeName = nodeNames[random.below(nodeNames.length)] ?? 'node-0';
    server.create(ACTOR, 'pods', {
      ...aPodManifest({ name, uid, labels: APP_LABELS, nodeName }),
      status: aPodStatus({ phase: 'Pending', ready: false, ips: [], changedAt: timestamp(scheduler.now()) }),
    });
    scheduler.schedule(random.between(50, 3_000), () => {
      const pod = server.etcd.read('pods', name);
      if (pod?.metadata.uid !== uid || pod.metadata.deletionTimestamp !== undefined) return;
      // Some are without an address of the second family.
      const ips = freeIps().slice(0, random.chance(0.15) ? 1 : 2);
      const host = hostIp === undefined ? {} : { hostIP: hostIp(nodeName) };
      patch(pod, { status: { phase: 'Running', podIPs: ips.map((ip) => ({ ip })), ...host } });
      scheduler.schedule(random.between(10, 2_000), () => setReady(name, uid, true));
    });
  }

  function setReady(name: string, uid: string, isReady: boolean): void {
    const pod = server.etcd.read('pods', name);
    if (pod?.metadata.uid !== uid || !isLive(pod)) return;
    patch(pod, { status: { conditions: [readyCondition(isReady, scheduler.now() + aheadMs)] } });
  }

  function remove({ metadata: { name, uid } }: KubeObject): void {
    if (server.etcd.read('pods', name)?.metadata.uid === uid) server.delete(ACTOR, 'pods', name);
    scheduler.schedule(random.between(5, 2_000), () => {
      if (server.etcd.read('pods', name) === undefined) create(name);
    });
  }

  function end(pod: KubeObject, change: object): void {
    patch(pod, change);
    scheduler.schedule(random.between(20, 5_000), () => remove(pod));
  }

  const onPod = (name: string, weight: number, act: (pod: KubeObject) => void): Action => ({
    name,
    weight,
    run() {
      const pod = pickLive();
      if (pod === undefined) return null;
      act(pod);
      return pod.metadata.uid;
    },
  });

  return {
    replace(name) {
      if (names.includes(name) && server.etcd.read('pods', name) === undefined) create(name);
    },
    setReady,
    kill(name, uid) {
      if (server.etcd.read('pods', name)?.metadata.uid === uid) server.delete(ACTOR, 'pods', name);
    },
    start() {
      for (const name of names) create(name);
    },
    actions: [
      {
        name: 'kubelets are ahead',
        weight: 1,
        run() {
          aheadMs = AHEAD_MS;
          const forMs = random.between(1_000, 20_000);
          scheduler.schedule(forMs, () => {
            aheadMs = 0;
          });
          return `by 10 minutes for ${(forMs / 1_000).toFixed(1)} s`;
        },
      },
      onPod('pod flips', 12, (pod) => {
        const isReady = statusOf(pod).conditions?.[0]?.status === 'True';
        setReady(pod.metadata.name, pod.metadata.uid, !isReady);
        if (isReady && random.chance(0.7))
          scheduler.schedule(random.between(10, 6_000), () => setReady(pod.metadata.name, pod.metadata.uid, true));
      }),
      onPod('pod terminates', 5, (pod) =>
        end(pod, { metadata: { deletionTimestamp: new Date(scheduler.now()).toISOString() } }),
      ),
      onPod('pod is killed', 5, remove),
      onPod('pod finishes', 2, (pod) => end(pod, { status: { phase: random.pick(['Failed', 'Succeeded']) } })),
      onPod('pod loses its label', 1, (pod) => {
        patch(pod, { metadata: { labels: { app: 'gone' } } });
        scheduler.schedule(random.between(100, 8_000), () => {
          const { name, uid } = pod.metadata;
          if (server.etcd.read('pods', name)?.metadata.uid === uid) patch(pod, { metadata: { labels: APP_LABELS } });
        });
      }),
      onPod('pod is excluded or not', 1, (pod) =>
        patch(pod, { metadata: { annotations: { 'zen-lead.io/exclude': random.pick(['true', 'false', 'perhaps']) } } }),
      ),
    ],
  };
}
