/** The functions as a server on a fake API: what a sender sees. */

import { type Functions, type FunctionsOptions, startFunctions } from '../../../functions/startFunctions.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../../lib/telemetry/metrics.ts';
import { type FakeApi, startFakeApi } from './fakeApi.ts';

export interface TestServer {
  readonly fake: FakeApi;
  readonly functions: Functions;
  readonly metrics: Metrics;
  post(headers: Record<string, string>, body: string | Buffer, signal?: AbortSignal): Promise<Response>;
  close(): Promise<void>;
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
  return {
    fake,
    functions,
    metrics,
    post: (headers, body, signal) =>
      fetch(functions.url, {
        method: 'POST',
        headers,
        body: new Uint8Array(Buffer.from(body)),
        ...(signal && { signal }),
      }),
    async close() {
      await functions.close();
      await fake.close();
    },
  };
}
