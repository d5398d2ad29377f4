/**
 * Serves a counter in a file: read it, write it. With `checksTokens` it refuses a write whose token
 * is smaller than one that it has seen, which is all that a resource has to do.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Store {
  readonly url: string;
  /** Writes that it has acknowledged. */
  acknowledged(): number;
  /** Writes with an old token that it has taken, or refused where it checks tokens. */
  late(): number;
  value(): Promise<number>;
  close(): void;
}

interface StoreOptions {
  readonly file: string;
  readonly checksTokens: boolean;
  /** A worker has read, and will write what follows from it. */
  onRead(worker: string): void;
}

export async function startStore({ file, checksTokens, onRead }: StoreOptions): Promise<Store> {
  let acknowledged = 0;
  let late = 0;
  let greatest = 0;
  await writeFile(file, '0');
  const value = async (): Promise<number> => Number(await readFile(file, 'utf8'));

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://store');
    if (request.method === 'GET') {
      response.end(String(await value()));
      onRead(url.searchParams.get('worker') ?? '');
      return;
    }
    const token = Number(url.searchParams.get('token'));
    if (token < greatest) late += 1;
    if (checksTokens && token < greatest) {
      response.writeHead(409).end();
      return;
    }
    greatest = Math.max(greatest, token);
    await writeFile(file, String(Number(url.searchParams.get('value'))));
    acknowledged += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    acknowledged: () => acknowledged,
    late: () => late,
    value,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
