/**
 * PodNetwork: the way between the prober of a bridge and the pods. A pod that hangs is there, takes
 * every probe and answers none. What is cut off from all pods hears of none either.
 *
 * Does not hold connections, so no tripwire tells of a pod's end.
 */

import type { ProbeNetwork } from '../../bridge/probes/network.ts';
import { type Check, failed, isOther, isPrimary, type ProbeResult, passed } from '../../bridge/probes/probe.ts';
import type { Etcd } from './etcd.ts';
import { type KubeObject, nodeNameOf } from './kubeObject.ts';
import type { Network } from './network.ts';
import type { Process } from './scheduler.ts';

export interface PodNetwork {
  networkOf(process: Process): ProbeNetwork;
  /** These pods say from now on that they are the primary, and no others. */
  setPrimaries(uids: readonly string[]): void;
  isPrimary(uid: string): boolean;
  /** The pod of this uid answers nothing until then. */
  hang(uid: string, untilAt: number): void;
  heal(): void;
}

/** The name of all pods together, in links that are cut. */
export const PODS = 'pods';
const MAX_PROBE_DELAY_MS = 2_000;

export interface PodNetworkOptions {
  readonly etcd: Etcd;
  readonly network: Network;
  now(): number;
  /** The node of that name is gone, and its pods with it. */
  isDeadNode(name: string | undefined): boolean;
}

export function createPodNetwork({ etcd, network, now, isDeadNode }: PodNetworkOptions): PodNetwork {
  const hangsUntil = new Map<string, number>();

  let primaries: ReadonlySet<string> = new Set();

  /** Null where no pod answers. */
  function ask(address: string, { role }: Check): ProbeResult | null {
    const pod = etcd.list('pods').find((each) => hasAddress(each, address));
    if (pod === undefined || (hangsUntil.get(pod.metadata.uid) ?? 0) > now() || isDeadNode(nodeNameOf(pod)))
      return null;
    if (role === undefined) return passed;
    return primaries.has(pod.metadata.uid) ? isPrimary : isOther;
  }

  return {
    networkOf: (process) => ({
      probe: ({ address, check }, signal) =>
        new Promise<ProbeResult>((resolve) => {
          signal.addEventListener('abort', () => resolve(failed('timeout')), { once: true });
          const delayMs = network.delayMs(process.name, PODS, MAX_PROBE_DELAY_MS);
          if (delayMs === null) return;
          process.schedule(delayMs, () => {
            const answer = ask(address, check);
            if (answer !== null) resolve(answer);
          });
        }),
      hold: () => ({ session: null, close: () => undefined }),
    }),
    setPrimaries(uids) {
      primaries = new Set(uids);
    },
    isPrimary: (uid) => primaries.has(uid),
    hang: (uid, untilAt) => hangsUntil.set(uid, untilAt),
    heal: () => hangsUntil.clear(),
  };
}

function hasAddress(pod: KubeObject, address: string): boolean {
  const { podIPs = [] } = (pod['status'] ?? {}) as { readonly podIPs?: readonly { readonly ip: string }[] };
  return podIPs.some(({ ip }) => ip === address);
}
