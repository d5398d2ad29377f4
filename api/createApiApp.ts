/**
 * createApiApp: the application of the api role: leaders, am-I-leader, locks and probes, over REST
 * and gRPC. docs/reference/api.md. It does not listen by itself.
 *
 *   request -> host (421) -> token (401) -> right (403) -> answer
 *
 * Guarantees: every answer but 2xx and 304 has a JSON body with code and message. Only probes,
 * /metrics, the OpenAPI document and am-I-leader answer without a token.
 */

import { readFileSync } from 'node:fs';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../bridge/clock.ts';
import type { PodView } from '../lib/selection/snapshot.ts';
import { answerClientError } from '../lib/telemetry/answerClientError.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { type Readiness, registerProbes } from '../lib/telemetry/probes.ts';
import { ApiError, toApiError } from './apiError.ts';
import { apiOpenApi } from './apiOpenApi.ts';
import { createGuard, toCaller } from './auth/guard.ts';
import type { Reviewer } from './auth/reviewer.ts';
import { createDualServer } from './createDualServer.ts';
import { createGrpc } from './grpc/createGrpc.ts';
import { createHeartbeatWheel } from './heartbeatWheel.ts';
import { isOwnHost } from './isOwnHost.ts';
import { createAmILeader } from './leaders/amILeader.ts';
import { createLeaderQueries } from './leaders/leaderQueries.ts';
import type { PoolFeed } from './leaders/poolFeed.ts';
import { registerAmILeader } from './leaders/registerAmILeader.ts';
import { registerPools } from './leaders/registerPools.ts';
import type { LockBook } from './locks/lockBook.ts';
import { createLockService } from './locks/lockService.ts';
import { registerLocks } from './locks/registerLocks.ts';
import { registerLeaders } from './registerStatusApi.ts';
import type { StatusFeed } from './statusFeed.ts';

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface ApiAppDeps {
  readonly pools: PoolFeed;
  readonly status: StatusFeed;
  readonly book: LockBook;
  readonly podsAt: (ip: string) => readonly PodView[];
  /** Null where everybody who reaches the port may ask for everything. */
  readonly reviewer: Reviewer | null;
  /** Without a reviewer: names to answer for, beside IP addresses and localhost. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly maxSkewMs: number;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly tls?: TlsFiles | undefined;
  isReady(): Readiness;
}

/** The largest body is an acquire. */
const BODY_LIMIT_BYTES = 16 * 1024;
/** For a request to arrive whole; an answer may take as long as a client waits. */
const RECEIVE_TIMEOUT_MS = 10_000;

export function createApiApp(deps: ApiAppDeps): FastifyInstance {
  const { metrics, log, tls, reviewer } = deps;
  const guard = createGuard(reviewer);
  const hosts = new Set(deps.hosts);
  const leaders = createLeaderQueries(deps.pools, guard);
  const amILeader = createAmILeader(deps.pools, guard, deps.podsAt);
  const locks = createLockService({ book: deps.book, guard, clock: deps.clock, maxSkewMs: deps.maxSkewMs });
  const wheel = createHeartbeatWheel();
  const grpc = createGrpc({
    ...{ leaders, amILeader, locks, wheel, refuseHost, onRefusal: count },
    isReady: () => deps.isReady(),
    onFailure: (error) => log.warn({ err: error }, 'a gRPC request could not be answered'),
  });
  let stop = async (): Promise<void> => {};
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    // A pool is named by two names of objects.
    routerOptions: { maxParamLength: 512 },
    frameworkErrors: (error, _request, reply) => refuse(error, reply),
    clientErrorHandler: (error, socket) => answerClientError(error.code, socket, () => toClientError(error)),
    serverFactory(handler) {
      const files = tls && { cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
      const { takeStream } = grpc;
      const dual = createDualServer(
        { tls: files, receiveTimeoutMs: RECEIVE_TIMEOUT_MS, wheel, takeStream },
        (request, response) => {
          if (!grpc.serve(request, response)) handler(request, response);
        },
      );
      stop = dual.stop;
      return dual.server;
    },
  });

  app.addHook('preClose', () => stop());
  app.addHook('onRequest', async ({ url, headers, query }) => {
    const refusal = url.startsWith('/v1/') ? refuseHost(headers.host ?? String(headers[':authority'])) : null;
    if (refusal !== null) throw refusal;
    const twice = Object.entries(query ?? {}).find(([, value]) => Array.isArray(value));
    if (twice !== undefined) throw new ApiError('INVALID', `${twice[0].slice(0, 64)}: given more than once`);
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
  });
  app.setErrorHandler((error, _request, reply) => refuse(error, reply));
  app.setNotFoundHandler((request, reply) =>
    refuse(new ApiError('NOT_FOUND', `there is no ${request.method} ${request.url.split('?')[0]}`), reply),
  );

  registerProbes(app, { metrics, isReady: () => deps.isReady() });
  app.get('/v1/openapi.json', (_request, reply) => reply.send(apiOpenApi));
  registerLeaders(app, deps.status, (verb) => async (request: FastifyRequest) => {
    const { namespace = '', service: name = '' } = paramsOf(request);
    await guard.require(toCaller(request.raw), { verb, resource: 'leaders', namespace, name });
  });
  const streams = { wheel, onCut };
  registerPools(app, leaders, streams);
  registerAmILeader(app, amILeader);
  registerLocks(app, locks, streams);
  return app;

  function refuseHost(host: string | undefined): ApiError | null {
    // A web page on a name of its own has no token, so a token is guard enough.
    if (reviewer !== null || isOwnHost(host, hosts)) return null;
    const message = 'the Host header is no IP address, not localhost and not a name of --status-host';
    return new ApiError('WRONG_HOST', message);
  }

  function onCut(): void {
    metrics.apiRefusedRequests.inc({ code: 'SLOW_READER' });
    log.info({}, 'a reader of events was too slow and was cut off; it connects again and gets the state');
  }

  function count({ status, code, cause }: ApiError): void {
    if (status < 500) metrics.apiRefusedRequests.inc({ code });
    if (code === 'INTERNAL') log.error({ err: cause }, 'a request failed');
  }

  /** Of bytes that are no request. */
  function toClientError({ code, message }: NodeJS.ErrnoException): { status: number; body: object } {
    const [status, why] =
      code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, `the request has not arrived whole within ${RECEIVE_TIMEOUT_MS} ms`]
        : code === 'HPE_HEADER_OVERFLOW'
          ? [431, 'the headers are too large']
          : [400, `the request is not HTTP: ${message}`];
    count(new ApiError('INVALID', why));
    return { status, body: { code: 'INVALID', message: why } };
  }

  function refuse(error: unknown, reply: FastifyReply): FastifyReply {
    const refusal = toApiError(error);
    count(refusal);
    const { status, code, message, details } = refusal;
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    if (status === 429 || status === 503) reply.header('retry-after', '1');
    return reply.code(status).send({ code, message, ...details });
  }
}

function paramsOf({ params }: FastifyRequest): Readonly<Record<string, string>> {
  return typeof params === 'object' && params !== null ? (params as Record<string, string>) : {};
}
