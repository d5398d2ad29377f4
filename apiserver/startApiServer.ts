/**
 * Starts the embedded Kubernetes API server: in memory, plain HTTP on 127.0.0.1, for the demo,
 * replay, tests and benchmarks.
 *
 * It uses Node's own http server and no framework. A watch is a raw stream that must see
 * back-pressure, resets and half-written lines. Routes are five segments of a path, and the API's
 * own rules validate everything.
 *
 * Guarantees: what `test/contract` checks on a real kube-apiserver too. It authenticates no client;
 * only loopback can reach it.
 * Does not guarantee what a scheduler, a kubelet or a workload controller would do. Only garbage
 * collection and namespace deletion run.
 */

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiOptions, createApi } from './createApi.ts';
import type { Objects } from './objects.ts';
import { createFaults, type Faults, type RequestInfo } from './requestFaults.ts';
import { handleRequest } from './serve/handleRequest.ts';
import { writeKubeconfig } from './writeKubeconfig.ts';

interface ApiServerOptions extends ApiOptions {
  /** 0 lets the operating system choose. */
  readonly port?: number;
  /** The real server sends about one a minute. */
  readonly bookmarkIntervalMs?: number;
  /** Receives every request for a resource, before faults. */
  readonly onRequest?: (request: RequestInfo) => void;
}

/**
 * Ends as a timeout does, resets the connection, breaks off in the middle of a line, or keeps the
 * connection open and silent.
 */
type WatchCut = 'end' | 'reset' | 'midLine' | 'silence';

export interface EmbeddedApiServer {
  readonly url: string;
  readonly port: number;
  readonly objects: Objects;
  readonly faults: Faults;
  /** The revision of the last write. */
  readonly revision: () => number;
  /** Forgets all history: resumed watches and later pages of a LIST get 410. */
  readonly compact: () => void;
  /** Cuts every watch that runs now. New ones are well again. */
  readonly cutWatches: (how: WatchCut) => void;
  readonly writeKubeconfig: (path: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const defaultBookmarkIntervalMs = 60_000;

export async function startApiServer(options: ApiServerOptions = {}): Promise<EmbeddedApiServer> {
  const api = createApi(options);
  const { state, objects } = api;
  const faults = createFaults();
  const watches = new Set<ServerResponse>();
  const context = {
    state,
    faults,
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? defaultBookmarkIntervalMs,
    onRequest: options.onRequest ?? (() => undefined),
  };
  const server = createServer((request, response) => {
    if (/[?&]watch=|\/watch\//.test(request.url ?? '')) {
      watches.add(response);
      response.once('close', () => watches.delete(response));
    }
    // A client that goes away is not our error; without a listener it would end the process.
    response.on('error', () => undefined);
    void handleRequest(context, request, response);
  });
  // Watches live for minutes without a byte from the client.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 120_000;
  const port = await listen(server, options.port ?? 0);
  const url = `http://127.0.0.1:${port}`;

  return {
    url,
    port,
    objects,
    faults,
    revision: state.store.revision,
    compact: state.store.compact,
    cutWatches(how) {
      for (const response of watches) cut(response, how);
    },
    writeKubeconfig: (path) => writeKubeconfig(path, url),
    close: () =>
      new Promise((resolve) => {
        api.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve(portOf(server.address()));
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function cut(response: ServerResponse, how: WatchCut): void {
  switch (how) {
    case 'end':
      response.end();
      break;
    case 'reset':
      response.socket?.resetAndDestroy();
      break;
    case 'midLine':
      response.write('{"type":"MODIFIED","obj', () => response.destroy());
      break;
    case 'silence':
      response.write = () => true;
  }
}
