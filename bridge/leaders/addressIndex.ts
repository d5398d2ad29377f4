/**
 * createAddressIndex: finds the pod that has an IP, to tell who asks.
 *
 * Guarantees: a pod that has ended has no address any more, because another one may have got it.
 * Pods on the host network have the addresses of their nodes, which say nothing about them.
 * Does not guarantee that the pod still runs: the watch may be behind.
 */

import type { PodView } from '../../lib/selection/snapshot.ts';
import type { ObjectChange } from '../watch/reflectorStore.ts';

export interface AddressIndex {
  note(change: ObjectChange<PodView>): void;
  /** Every pod that has this address; those of the host network included. */
  podsAt(ip: string): readonly PodView[];
}

const none: readonly PodView[] = [];

export function createAddressIndex(): AddressIndex {
  const byIp = new Map<string, readonly PodView[]>();

  function remove({ ips, uid }: PodView): void {
    for (const ip of ips) {
      const left = (byIp.get(ip) ?? none).filter((pod) => pod.uid !== uid);
      if (left.length === 0) byIp.delete(ip);
      else byIp.set(ip, left);
    }
  }

  function add(pod: PodView): void {
    if (pod.phase === 'Succeeded' || pod.phase === 'Failed') return;
    for (const ip of pod.ips) byIp.set(ip, [...(byIp.get(ip) ?? none), pod]);
  }

  return {
    note(change) {
      if (change.kind === 'deleted') return remove(change.object);
      if (change.kind === 'modified') remove(change.previous);
      add(change.object);
    },
    podsAt: (ip) => byIp.get(ip) ?? none,
  };
}
