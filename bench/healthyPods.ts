/**
 * Serves what pods that are well answer to a health check, on every address of this machine, in a
 * process of its own. The processor time of who asks is then that of the asking alone.
 */

import { fork } from 'node:child_process';
import { createServer } from 'node:net';

interface HealthyPods {
  readonly port: number;
  close(): void;
}

export async function startHealthyPods(): Promise<HealthyPods> {
  const child = fork(import.meta.filename, ['--serve']);
  const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(Number(message))));
  return { port, close: () => child.disconnect() };
}

if (process.argv[2] === '--serve') {
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok';
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(answer));
  });
  server.listen(0, '0.0.0.0', 4_096, () => {
    const bound = server.address();
    process.send?.(bound === null || typeof bound === 'string' ? 0 : bound.port);
  });
  process.once('disconnect', () => process.exit());
}
