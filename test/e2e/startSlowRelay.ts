/**
 * A relay that holds every byte of the API server back for a while: whoever watches through it sees the world as it was. TLS goes through it
 * untouched.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface SlowRelay {
  readonly url: string;
  close(): Promise<void>;
}

export async function startSlowRelay(targetUrl: string, delayMs: number): Promise<SlowRelay> {
  const target = Number(new URL(targetUrl).port);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: target });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {}); // the other side says why
      from.once('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    near.pipe(far);
    // Timers of one length fire in the order in which they were set, so the bytes stay in order.
    far.on('data', (bytes) => void setTimeout(() => near.write(bytes), delayMs));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
