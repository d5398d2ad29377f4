/**
 * Watches a workload's route as another client of the API would, and times when the slice first
 * names an address.
 */

import { z } from 'zod';
import type { ControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { watchLines } from '../test/support/controlPlane/watchLines.ts';
import type { Workload } from './createWorkloads.ts';

export interface WatchedAddress {
  /** Returns the address that is routed to now; undefined without one. */
  current(): string | undefined;
  /**
   * Resolves with `performance.now()` of the moment at which the address was seen; rejects after
   * the deadline.
   */
  seen(address: string, timeoutMs: number): Promise<number>;
  close(): Promise<void>;
}

const sliceLine = z.object({
  object: z.object({ endpoints: z.array(z.object({ addresses: z.array(z.string()) })).nullish() }),
});

export async function watchAddress(
  controlPlane: ControlPlane,
  { namespace, serviceName }: Workload,
): Promise<WatchedAddress> {
  const stop = new AbortController();
  const selector = encodeURIComponent(`kubernetes.io/service-name=${serviceName}`);
  const lines = await watchLines(controlPlane, `${namespace.slices}?labelSelector=${selector}`, stop.signal);
  let current: string | undefined;
  let waiting: { readonly address: string; readonly resolve: (at: number) => void } | undefined;
  const reading = (async () => {
    for await (const line of lines) {
      const at = performance.now();
      current = sliceLine.parse(line).object.endpoints?.[0]?.addresses[0];
      if (waiting?.address === current) waiting?.resolve(at);
    }
  })();

  return {
    current: () => current,
    seen(address, timeoutMs) {
      const late = AbortSignal.timeout(timeoutMs);
      return new Promise((resolve, reject) => {
        late.addEventListener('abort', () => reject(new Error(`${serviceName} did not route to ${address} in time`)));
        waiting = { address, resolve };
      });
    },
    async close() {
      stop.abort();
      await reading;
    },
  };
}
