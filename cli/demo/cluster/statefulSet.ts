/**
 * Stands in for the StatefulSet controller: makes a pod that is gone again, under the same name.
 */

import type { PodView } from '../../../lib/selection/snapshot.ts';
import { aPod, NAMESPACE, POD_NAMES } from '../postgres.ts';
import { type ClusterClient, path } from './clusterClient.ts';

/** A moment without the pod, so that a person sees it go. */
const RECREATE_AFTER_MS = 500;

export interface StatefulSet {
  createAll(): Promise<void>;
  /** A pod is gone. */
  forget(pod: PodView): void;
  close(): void;
}

export function startStatefulSet(client: ClusterClient, onError: (error: unknown) => void): StatefulSet {
  const stop = new AbortController();
  const create = (name: string) => client.create(path.pods(NAMESPACE), aPod(name), stop.signal);
  return {
    async createAll() {
      // One after the other, as a StatefulSet makes its pods.
      for (const name of POD_NAMES) await create(name);
    },
    forget({ namespace, name }) {
      if (namespace !== NAMESPACE || !POD_NAMES.some((ours) => ours === name)) return;
      const timer = setTimeout(() => {
        create(name).catch((error: unknown) => {
          if (!stop.signal.aborted) onError(error);
        });
      }, RECREATE_AFTER_MS);
      stop.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    },
    close() {
      stop.abort();
    },
  };
}
