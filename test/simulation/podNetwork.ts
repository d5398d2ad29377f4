/**
 * PodNetwork: the way between the prober of a bridge and the pods. A pod that hangs is there, takes
 * every probe and answers none. What is cut off from all pods hears of none either.
 *
 * Does not hold connections, so no tripwire tells of a pod's end.
 */

import type { ProbeNetwork } from '../../bridge/probes/network.ts';
import { failed, type ProbeResult, passed } from '../../bridge/probes/probe.ts';
import type { Etcd } from './etcd.ts';
import type { KubeObject } from './kubeObject.ts';
import type { Network } from './network.ts';
import type { Process } from './scheduler.ts';

export interface PodNetwork {
  networkOf(process: Process): ProbeNetwork;
  /** The pod of this uid answers nothing until then. */
  hang(uid: string, untilAt: number): void;
  heal(): void;
}

/** The name of all pods together, in links that are cut. */
export const PODS = 'pods';
const MAX_PROBE_DELAY_MS = 2_000;

export function createPodNetwork(etcd: Etcd, network: Network, now: () => number): PodNetwork {
  const hangsUntil = new Map<string, number>();

  function answers(address: string): boolean {
    const pod = etcd.list('pods').find((each) => hasAddress(each, address));
    return pod !== undefined && (hangsUntil.get(pod.metadata.uid) ?? 0) <= now();
  }

  return {
    networkOf: (process) => ({
      probe: ({ address }, signal) =>
        new Promise<ProbeResult>((resolve) => {
          signal.addEventListener('abort', () => resolve(failed('timeout')), { once: true });
          const delayMs = network.delayMs(process.name, PODS, MAX_PROBE_DELAY_MS);
          if (delayMs === null) return;
          process.schedule(delayMs, () => {
            if (answers(address)) resolve(passed);
          });
        }),
      hold: () => ({ session: null, close: () => undefined }),
    }),
    hang: (uid, untilAt) => hangsUntil.set(uid, untilAt),
    heal: () => hangsUntil.clear(),
  };
}

function hasAddress(pod: KubeObject, address: string): boolean {
  const { podIPs = [] } = (pod['status'] ?? {}) as { readonly podIPs?: readonly { readonly ip: string }[] };
  return podIPs.some(({ ip }) => ip === address);
}
