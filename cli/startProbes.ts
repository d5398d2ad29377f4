/**
 * The small server of `run` and `bridge`: `/livez`, `/readyz`, `/metrics`, and the status API with its page. The functions have their own.
 */

import Fastify from 'fastify';
import { type Probes, registerProbes } from '../lib/telemetry/probes.ts';
import { registerStatusApi } from './status/registerStatusApi.ts';
import type { StatusFeed } from './status/statusFeed.ts';

export interface ProbeServer {
  /** Where it listens: `http://127.0.0.1:8081`. */
  readonly url: string;
  close(): Promise<void>;
}

/** The kubelet gives a probe 1 s by default; a request that takes ten times as long is somebody holding a connection. */
const REQUEST_TIMEOUT_MS = 10_000;

export async function startProbes(
  options: Probes & { host: string; port: number; feed: StatusFeed },
): Promise<ProbeServer> {
  const app = Fastify({ requestTimeout: REQUEST_TIMEOUT_MS, forceCloseConnections: true });
  registerProbes(app, options);
  registerStatusApi(app, options.feed);
  const url = await app.listen({ host: options.host, port: options.port });
  return { url, close: () => app.close() };
}
