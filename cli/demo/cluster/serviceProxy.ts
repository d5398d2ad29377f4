/**
 * Stands in for kube-proxy: forwards one listening address for `postgres-leader` to the endpoint
 * that its EndpointSlice names.
 *
 * Guarantees: as kube-proxy does, it knows nothing but the slice. New connections follow a change,
 * and established ones stay where they are.
 */

import { createServer } from 'node:net';
import type { SliceView } from '../../../lib/selection/snapshot.ts';
import type { Journal } from '../journal.ts';
import { listenOnLoopback, type PodNetwork } from './podNetwork.ts';

export interface ServiceProxy {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Takes the slice as the watch saw it last; null when it is gone. */
  follow(slice: SliceView | null): void;
  close(): void;
}

interface Route {
  readonly pod: string;
  readonly ip: string;
  readonly port: number;
}

export async function startServiceProxy(network: PodNetwork, journal: Journal): Promise<ServiceProxy> {
  let route: Route | null = null;
  const server = createServer((socket) => {
    const upstream = route === null ? null : network.dial(route.ip, route.port);
    socket.on('error', () => socket.destroy());
    if (upstream === null) {
      // Without a route or a listener, kube-proxy has the connection refused.
      socket.destroy();
      return;
    }
    upstream.on('error', () => socket.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  const port = await listenOnLoopback(server, 0);
  return {
    port,
    follow(slice) {
      const next = slice === null ? null : toRoute(slice);
      if (next?.pod === route?.pod && next?.ip === route?.ip && next?.port === route?.port) return;
      route = next;
      journal.record(next === null ? { kind: 'unrouted' } : { kind: 'routed', pod: next.pod });
    },
    close() {
      server.close();
    },
  };
}

/** kube-proxy routes to ready endpoints only, as long as there is one. */
function toRoute(slice: SliceView): Route | null {
  const endpoint = slice.spec?.endpoints.find(({ ready }) => ready);
  const ip = endpoint?.addresses[0];
  const port = slice.spec?.ports[0]?.port;
  if (endpoint === undefined || ip === undefined || port === undefined) return null;
  return { pod: endpoint.targetRef?.name ?? ip, ip, port };
}
