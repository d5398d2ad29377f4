/** Serves the functions on a fake API, as a sender sees them. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Functions } from '../../../functions/serveFunctions.ts';
import { type FunctionsOptions, startFunctions } from '../../../functions/startFunctions.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../../lib/telemetry/metrics.ts';
import { type FakeApi, startFakeApi } from './fakeApi.ts';

export interface TestServer {
  readonly fake: FakeApi;
  readonly functions: Functions;
  readonly metrics: Metrics;
  /** How many requests have arrived, body and all. */
  arrived(): number;
  /** How many callers have gone before they had their answer. */
  gone(): number;
  post(headers: Record<string, string>, body: string | Buffer, signal?: AbortSignal): Promise<Response>;
  close(): Promise<void>;
}

/** Source: https://nodejs.org/docs/latest-v24.x/api/diagnostics_channel.html#built-in-channels */
const REQUESTS = 'http.server.request.start';
interface RequestStart {
  readonly server: Server;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export async function startServer(options: Partial<FunctionsOptions> = {}): Promise<TestServer> {
  const fake = await startFakeApi();
  const metrics = createMetrics();
  const functions = await startFunctions({
    api: fake.api,
    clusterName: 'test',
    port: 0,
    host: '127.0.0.1',
    audience: 'zen-lead',
    acceptHints: false,
    metrics,
    log: silentLogger,
    ...options,
  });
  let arrived = 0;
  let gone = 0;
  const count = (message: unknown): void => {
    const { server, request, response } = message as RequestStart;
    const address = server.address();
    if (typeof address !== 'object' || address?.port !== functions.port) return;
    request.once('end', () => {
      arrived += 1;
    });
    response.once('close', () => {
      if (!response.writableFinished) gone += 1;
    });
  };
  subscribe(REQUESTS, count);
  return {
    fake,
    functions,
    metrics,
    arrived: () => arrived,
    gone: () => gone,
    post: (headers, body, signal) =>
      fetch(functions.url, {
        method: 'POST',
        headers,
        body: new Uint8Array(Buffer.from(body)),
        ...(signal && { signal }),
      }),
    async close() {
      unsubscribe(REQUESTS, count);
      await functions.close();
      await fake.close();
    },
  };
}
