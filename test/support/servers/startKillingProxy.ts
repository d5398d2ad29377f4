/**
 * Starts a proxy in front of a real API server that says when a client writes, so that a test can
 * kill the client at that instant: before the write arrives, or when it has taken effect and the
 * answer has not left.
 */

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';
import type { ControlPlane } from '../controlPlane/startControlPlane.ts';

export interface KillingProxy {
  readonly url: string;
  close(): Promise<void>;
}

export interface SeenWrite {
  readonly method: string;
  /** Without a query. */
  readonly path: string;
}

interface Interference {
  /** False: the write never arrives. */
  before(write: SeenWrite): Promise<boolean>;
  /** False: its answer never arrives. */
  after(write: SeenWrite): Promise<boolean>;
}

export async function startKillingProxy(
  { url, caFile }: Pick<ControlPlane, 'url' | 'caFile'>,
  { before, after }: Interference,
): Promise<KillingProxy> {
  const dispatcher = new Agent({ connect: { ca: readFileSync(caFile, 'utf8') }, bodyTimeout: 0 });
  const server = createServer(async (incoming, outgoing) => {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const write = { method, path: path.replace(/\?.*/, '') };
    const isWrite = method !== 'GET' && method !== 'HEAD';
    const stop = new AbortController();
    outgoing.on('close', () => stop.abort());
    try {
      const parts: Buffer[] = [];
      for await (const part of incoming) parts.push(part);
      const body = Buffer.concat(parts);
      if (isWrite && !(await before(write))) {
        incoming.destroy();
        return;
      }
      const { host: _, connection: __, 'content-length': ___, ...rest } = headers;
      const sent = { dispatcher, method: method as 'GET', headers: rest, ...(body.length > 0 && { body }) };
      // What was begun has its effect, though the client has gone.
      const answer = await request(`${url}${path}`, { ...sent, ...(!isWrite && { signal: stop.signal }) });
      if (isWrite && !(await after(write))) {
        await answer.body.dump();
        incoming.destroy();
        return;
      }
      const { connection: ____, 'keep-alive': _____, ...back } = answer.headers;
      outgoing.writeHead(answer.statusCode, back);
      outgoing.flushHeaders();
      for await (const bytes of answer.body) outgoing.write(bytes);
      outgoing.end();
    } catch {
      // The client or the API server has gone.
      incoming.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await dispatcher.destroy();
    },
  };
}
