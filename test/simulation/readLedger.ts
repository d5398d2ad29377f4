/**
 * ReadLedger: bounds the age of the state that one function decides on. It ages while the
 * function's own reads of it take so long (docs/guarantees.md, "The state decided on is not the
 * state now").
 *
 * It listens at the wire, and does not read what the function assumes about its own reads.
 * Does not guarantee that it distinguishes two reads at once. It allows both what the longer one
 * takes.
 */

import type { KubeApi } from '../../lib/kube/kubeApi.ts';

export interface ReadLedger {
  /** Of a process that starts. A request of the one before it may still arrive. */
  observe(api: KubeApi): KubeApi;
  /**
   * Since when the state of these pods, or of any where no revision is given, may be as old as it
   * is when it is written at `at`. Infinity where it was not read. The lifetime of what was read
   * goes by the wall clock, so it is longer by what that clock was set meanwhile.
   */
  readSince(podsRevision: string | undefined, at: number, setByMs: (from: number, until: number) => number): number;
}

/** State read may be written for so long after the last answer, or for as long as the read took. */
const READ_LIFETIME_MS = 2_000;

interface PodsRead {
  readonly askedAt: number;
  /** Since when this function has been reading without a pause. */
  readonly startedAt: number;
}

export function createReadLedger(now: () => number): ReadLedger {
  const podsReads = new Map<string, PodsRead>();
  let inFlight = 0;
  let startedAt = 0;
  let answeredAt = 0;

  const toAge = (read: PodsRead): number =>
    answeredAt - read.askedAt + Math.max(READ_LIFETIME_MS, answeredAt - read.startedAt);

  return {
    observe(api) {
      inFlight = 0;
      return {
        ...api,
        async list(resource, namespace, query, signal) {
          const askedAt = now();
          if (inFlight === 0) startedAt = askedAt;
          inFlight += 1;
          const read = { askedAt, startedAt };
          try {
            const page = await api.list(resource, namespace, query, signal);
            if (resource.plural === 'pods' && !podsReads.has(page.resourceVersion))
              podsReads.set(page.resourceVersion, read);
            return page;
          } finally {
            inFlight -= 1;
            answeredAt = now();
          }
        },
      };
    },
    readSince(podsRevision, at, setByMs) {
      const reads = podsRevision === undefined ? [...podsReads.values()] : [podsReads.get(podsRevision)];
      const instants = reads.flatMap((read) =>
        read === undefined ? [] : [at - toAge(read) - setByMs(read.startedAt, at)],
      );
      return Math.min(Number.POSITIVE_INFINITY, ...instants);
    },
  };
}
