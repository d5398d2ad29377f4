/**
 * Relay: is the network between one replica and the API server, as a TCP proxy on 127.0.0.1. Held,
 * it lets bytes wait and closes nothing, like a partition or a machine that stands still. Cut, it
 * resets and refuses connections, like a process that is gone.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly url: string;
  hold(): void;
  /** Also undoes `cut`. What was held arrives now, in order. */
  release(): void;
  cut(): void;
  close(): Promise<void>;
}

export async function startRelay(targetPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let state: 'open' | 'held' | 'cut' = 'open';

  const server = createServer((near) => {
    if (state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: targetPort });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => {}); // the other side says why
      from.once('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (state === 'held') from.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;

  function cut(): void {
    state = 'cut';
    for (const socket of sockets) socket.resetAndDestroy();
  }

  return {
    url: `http://127.0.0.1:${port}`,
    hold() {
      state = 'held';
      for (const socket of sockets) socket.pause();
    },
    release() {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    cut,
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
