/**
 * Chooses how a reconcile reads the state: its Service alone, or the whole namespace once for all
 * that wait. The only place that decides this.
 *
 * A read of one Service is some eight small requests, whatever the namespace holds. A read of the
 * namespace costs what the namespace holds, and all that wait for it share it. Many at once, read
 * one by one, cost the square of their number (an opt-in of all Services of a namespace, a view
 * that was lost). So does a whole namespace for each of a few.
 *
 * Guarantees: a shared read begins after all that get it have asked, so what a conflict was about
 * is in it. At most two reads of a whole namespace are wanted at once.
 */

import type { ServiceRef } from '../../lib/events/subject.ts';
import { endpointSlices, type KubeApi, pods, type Resource, services } from '../../lib/kube/kubeApi.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import { createCoalescer } from './coalesce.ts';
import { readService } from './readService.ts';
import { readState } from './readState.ts';
import type { StateRead } from './stateRead.ts';
import { toSnapshots } from './toSnapshots.ts';

export interface Reads {
  /** `guess`: an earlier snapshot of the Service, which says what to ask for first. */
  readService(service: ServiceRef, signal: AbortSignal, guess?: Snapshot): Promise<StateRead>;
}

/** Fewer read for themselves: most reads are the only one, and none of them should wait. */
const MANY = 8;
/**
 * A namespace is read as a whole while it has so many pods for each Service that waits, or fewer,
 * and so many Services and slices. A read of one Service is assumed to cost as much as this many
 * pods of a list. That is an estimate, as `MANY` is, and has not been measured
 * (docs/decisions/hints.md).
 */
const OBJECTS_A_SERVICE = 100;

/** A read of a whole namespace. */
interface SharedRead extends Pick<StateRead, 'deadline'> {
  snapshotOf(name: string): Snapshot;
}

export function createSharedReads({ api, now }: { readonly api: KubeApi; readonly now: () => number }): Reads {
  /** Null where the namespace was found to be too large. */
  const together = createCoalescer<SharedRead | null>(Number.POSITIVE_INFINITY);
  const waiting = new Map<string, number>();

  function count(namespace: string, change: 1 | -1): number {
    const number = (waiting.get(namespace) ?? 0) + change;
    if (number === 0) waiting.delete(namespace);
    else waiting.set(namespace, number);
    return number;
  }

  async function readTogether(namespace: string, signal: AbortSignal): Promise<SharedRead | null> {
    const counts = await Promise.all(
      [pods, services, endpointSlices].map((each) => countObjects(api, each, namespace, signal)),
    );
    if (Math.max(...counts) > OBJECTS_A_SERVICE * (waiting.get(namespace) ?? 0)) return null;
    const state = await readState(api, namespace, now, signal);
    return { deadline: state.deadline, snapshotOf: toSnapshots(state) };
  }

  return {
    async readService(service, signal, guess) {
      const { namespace, name } = service;
      const isOneOfMany = count(namespace, 1) > MANY;
      try {
        const shared = isOneOfMany
          ? await together.run(namespace, (stop) => readTogether(namespace, stop), signal)
          : null;
        if (shared !== null) return { snapshot: shared.snapshotOf(name), deadline: shared.deadline };
        return await readService(api, service, now, signal, guess);
      } finally {
        count(namespace, -1);
      }
    },
  };
}

async function countObjects(api: KubeApi, resource: Resource, namespace: string, signal: AbortSignal): Promise<number> {
  const page = await api.list(resource, namespace, { limit: 1, metadataOnly: true }, signal);
  const others = page.remaining ?? (page.continue === undefined ? 0 : Number.POSITIVE_INFINITY);
  return page.items.length + others;
}
