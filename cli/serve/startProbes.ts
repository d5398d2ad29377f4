/**
 * Starts the small server of `run` and `bridge`, with `/livez`, `/readyz`, `/metrics`, the status
 * API and its page. The functions have a server of their own.
 */

import Fastify from 'fastify';
import { type FlowApi, registerFlowApi } from '../../api/flows/registerFlowApi.ts';
import { type ReadObservations, registerObservations } from '../../api/registerObservations.ts';
import { type ReadLocks, registerStatusApi } from '../../api/registerStatusApi.ts';
import type { StatusFeed } from '../../api/statusFeed.ts';
import { type Probes, registerProbes } from '../../lib/telemetry/probes.ts';

interface ProbeServer {
  /** Where it listens: `http://127.0.0.1:8081`. */
  readonly url: string;
  close(): Promise<void>;
}

interface ProbeServerOptions {
  readonly host: string;
  readonly port: number;
  /** Absent where this process has no status to show. */
  readonly feed?: StatusFeed;
  /** The flows of this process, in the place of leaders. */
  readonly flows?: FlowApi;
  /** Names that the status API answers for, beside IP addresses and localhost. */
  readonly statusHosts?: readonly string[];
  /** What this process saw by itself of a Service. */
  readonly readObservations?: ReadObservations;
  /** What the live page shows of locks. */
  readonly readLocks?: ReadLocks;
  /**
   * For a request to arrive whole. The kubelet gives a probe 1 s by default; a client that takes
   * ten times as long only holds a connection.
   */
  readonly receiveTimeoutMs?: number;
}

export async function startProbes(options: Probes & ProbeServerOptions): Promise<ProbeServer> {
  const { receiveTimeoutMs = 10_000 } = options;
  const app = Fastify({
    requestTimeout: receiveTimeoutMs,
    // Without both, Node would let a request take its own 60 s, and check only every 30 s: see
    // functions/app.ts.
    http: { headersTimeout: receiveTimeoutMs, connectionsCheckingInterval: receiveTimeoutMs / 5 },
    forceCloseConnections: true,
  });
  registerProbes(app, options);
  const { feed, flows, statusHosts, readLocks, readObservations } = options;
  if (feed !== undefined) registerStatusApi(app, feed, statusHosts, readLocks);
  if (readObservations !== undefined) registerObservations(app, readObservations, statusHosts);
  if (flows !== undefined) registerFlowApi(app, flows, statusHosts);
  const url = await app.listen({ host: options.host, port: options.port });
  return { url, close: () => app.close() };
}
