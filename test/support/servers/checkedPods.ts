/**
 * CheckedPods: HTTP servers on loopback that stand behind the addresses of pods, and the network
 * that a prober reaches them through. Kubernetes refuses loopback in an EndpointSlice, so pods
 * cannot simply have such addresses.
 */

import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { network, type ProbeNetwork } from '../../../bridge/probes/network.ts';
import { type Endpoint, failed } from '../../../bridge/probes/probe.ts';

export interface CheckedPods {
  readonly network: ProbeNetwork;
  /** Answers at this address, with 200 by default. */
  start(address: string, status?: number): Promise<void>;
  /** Answers with this status from now on. */
  answer(address: string, status: number): void;
  /** Accepts and says nothing from now on, as a stopped process does. */
  hang(address: string): void;
  /** Cuts its connections and listens no more, as a killed process does. */
  kill(address: string): void;
  /** How often it was asked. */
  asked(address: string): number;
  close(): Promise<void>;
}

interface Pod {
  readonly server: Server;
  readonly sockets: Set<Socket>;
  port: number;
  asked: number;
  isHung: boolean;
  status: number;
}

export function createCheckedPods(): CheckedPods {
  const pods = new Map<string, Pod>();

  function toLocal({ address, check }: Endpoint): Endpoint | null {
    const pod = pods.get(address);
    return pod === undefined ? null : { address: '127.0.0.1', check: { ...check, port: pod.port } };
  }

  function end(pod: Pod): Promise<void> {
    for (const socket of pod.sockets) socket.destroy();
    return new Promise((resolve) => pod.server.close(() => resolve()));
  }

  return {
    network: {
      async probe(endpoint, signal, held) {
        const local = toLocal(endpoint);
        return local === null ? failed('refused') : network.probe(local, signal, held);
      },
      hold(endpoint, onClose) {
        const local = toLocal(endpoint);
        if (local !== null) return network.hold(local, onClose);
        setImmediate(onClose);
        return { session: null, close: () => {} };
      },
    },
    async start(address, status = 200) {
      const server = createServer((_request, response) => {
        pod.asked += 1;
        if (!pod.isHung) response.writeHead(pod.status).end('ok');
      });
      const pod: Pod = { server, sockets: new Set(), port: 0, asked: 0, isHung: false, status };
      server.on('connection', (socket: Socket) => {
        pod.sockets.add(socket);
        socket.on('close', () => pod.sockets.delete(socket));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const bound = server.address();
      if (bound === null || typeof bound === 'string') throw new Error('no port');
      pod.port = bound.port;
      pods.set(address, pod);
    },
    answer(address, status) {
      const pod = pods.get(address);
      if (pod !== undefined) pod.status = status;
    },
    hang(address) {
      const pod = pods.get(address);
      if (pod !== undefined) pod.isHung = true;
    },
    kill(address) {
      const pod = pods.get(address);
      pods.delete(address);
      if (pod !== undefined) void end(pod);
    },
    asked: (address) => pods.get(address)?.asked ?? 0,
    async close() {
      for (const pod of pods.values()) await end(pod);
      pods.clear();
    },
  };
}
