/**
 * Starts a proxy in front of the API server that holds some of its answers back. A client behind it
 * sees that part of the world as it was. This side has plain HTTP, so that the proxy can
 * distinguish resources.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { ControlPlane } from '../controlPlane/startControlPlane.ts';

export interface SlowProxy {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * `isLate` says which paths, with their queries. Every piece of such an answer comes `delayMs`
 * late, watches too.
 */
export async function startSlowProxy(
  { url, caFile }: Pick<ControlPlane, 'url' | 'caFile'>,
  delayMs: number,
  isLate: (path: string) => boolean,
): Promise<SlowProxy> {
  const ca = readFileSync(caFile);
  const server = createServer((asked, answered) => {
    const path = asked.url ?? '/';
    const lateMs = isLate(path) ? delayMs : 0;
    // Timers of one length fire in the order in which they were set, so the pieces stay in order.
    const later = (act: () => void) => void setTimeout(act, lateMs);
    const { host: _host, ...headers } = asked.headers;
    const forwarded = request(`${url}${path}`, { method: asked.method, headers, ca }, (response) => {
      later(() => {
        answered.writeHead(response.statusCode ?? 502, response.headers);
        answered.flushHeaders();
      });
      response.on('data', (piece) => later(() => answered.write(piece)));
      response.once('end', () => later(() => answered.end()));
      response.once('error', () => answered.destroy());
    });
    forwarded.once('error', () => answered.destroy());
    answered.once('close', () => forwarded.destroy());
    asked.pipe(forwarded);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
