/**
 * Returns a TCP port on 127.0.0.1 that was free a moment ago. Another process may take it first, so
 * the caller has to retry.
 */

import { createServer } from 'node:net';

export async function chooseFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port on 127.0.0.1');
  return address.port;
}
