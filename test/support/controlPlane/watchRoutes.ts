/**
 * Records every state of one Service's slices that a kube-proxy could have seen, in order. Stories
 * use it to prove what must never be seen in between.
 */

import { z } from 'zod';
import { toCluster } from '../storyElection.ts';
import type { Namespace } from './createNamespace.ts';
import type { ControlPlane } from './startControlPlane.ts';
import { watchLines } from './watchLines.ts';

export interface WatchedRoutes {
  /**
   * Returns `<address> <port>,<port>` for each state, in order; `no pod` without endpoint,
   * `deleted` without slice.
   */
  seen(): readonly string[];
  close(): Promise<void>;
}

const watchLine = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED']),
  object: z.object({
    endpoints: z.array(z.object({ addresses: z.array(z.string()) })).nullish(),
    ports: z.array(z.object({ name: z.string().default(''), port: z.number(), protocol: z.string() })).nullish(),
  }),
});

export async function watchRoutes(
  controlPlane: ControlPlane,
  { slices }: Namespace,
  serviceName: string,
): Promise<WatchedRoutes> {
  const stop = new AbortController();
  const selector = encodeURIComponent(`kubernetes.io/service-name=${toCluster(serviceName)}`);
  const lines = await watchLines(controlPlane, `${slices}?labelSelector=${selector}`, stop.signal);
  const seen: string[] = [];
  const reading = (async () => {
    for await (const line of lines) seen.push(describe(line));
  })();
  return {
    seen: () => seen,
    async close() {
      stop.abort();
      await reading;
    },
  };
}

function describe(line: unknown): string {
  const { type, object } = watchLine.parse(line);
  if (type === 'DELETED') return 'deleted';
  const addresses = (object.endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
  if (addresses.length === 0) return 'no pod';
  const ports = (object.ports ?? []).map(({ name, port, protocol }) => `${name} ${port}/${protocol}`);
  return `${addresses.join(',')} ${ports.join(',')}`;
}
