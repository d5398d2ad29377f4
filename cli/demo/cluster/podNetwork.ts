/**
 * Stands in for a pod network: maps a pod's address to the local port where its process listens.
 *
 * Pods cannot simply have loopback addresses, because Kubernetes refuses 127.0.0.0/8 in an
 * EndpointSlice.
 * Source:
 * https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors
 */

import { connect, createServer, type Server, type Socket } from 'node:net';

export interface PodNetwork {
  /**
   * Opens a listening address of a pod. The returned function closes it and cuts its connections.
   */
  listen(ip: string, port: number, onConnection: (socket: Socket) => void): Promise<() => void>;
  /** Null where nothing listens, as a connection refused. */
  dial(ip: string, port: number): Socket | null;
  /** Where a pod's port listens on 127.0.0.1. */
  localPort(ip: string, port: number): number | undefined;
}

export function createPodNetwork(): PodNetwork {
  const localPorts = new Map<string, number>();
  const localPort = (ip: string, port: number): number | undefined => localPorts.get(`${ip}:${port}`);
  return {
    localPort,
    async listen(ip, port, onConnection) {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        socket.on('error', () => socket.destroy());
        onConnection(socket);
      });
      localPorts.set(`${ip}:${port}`, await listenOnLoopback(server, 0));
      return () => {
        localPorts.delete(`${ip}:${port}`);
        server.close();
        for (const socket of sockets) socket.destroy();
      };
    },
    dial(ip, port) {
      const local = localPort(ip, port);
      return local === undefined ? null : connect({ host: '127.0.0.1', port: local });
    },
  };
}

/** Resolves with the port, chosen by the system when `port` is 0. */
export async function listenOnLoopback(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
