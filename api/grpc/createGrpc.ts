/**
 * createGrpc: serves gRPC on the requests of an HTTP/2 server that are gRPC, and leaves the others.
 *
 * Guarantees: a message of more than 16 KiB is refused before it is read. A stream whose reader
 * takes nothing for a minute is cut. Connect's own protocol and gRPC-Web are not served.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  constants,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { ConnectError, createConnectRouter, createContextValues } from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import type { Readiness } from '../../lib/telemetry/probes.ts';
import type { ApiError } from '../apiError.ts';
import { toCaller } from '../auth/guard.ts';
import type { HeartbeatWheel } from '../heartbeatWheel.ts';
import type { AmILeader } from '../leaders/amILeader.ts';
import type { LeaderQueries } from '../leaders/leaderQueries.ts';
import type { LockService as Locks } from '../locks/lockService.ts';
import { createGetLeaderAnswer, GET_LEADER } from './answerGetLeader.ts';
import { type FrameAnswer, isPlain, readBody } from './frames.ts';
import { file_grpc_health_v1_health, Health } from './generated/grpc/health/v1/health_pb.js';
import { file_grpc_reflection_v1_reflection, ServerReflection } from './generated/grpc/reflection/v1/reflection_pb.js';
import { file_zenlead_v1_leader, LeaderService } from './generated/zenlead/v1/leader_pb.js';
import { file_zenlead_v1_lock, LockService } from './generated/zenlead/v1/lock_pb.js';
import { file_zenlead_v1_problem } from './generated/zenlead/v1/problem_pb.js';
import { callerKey } from './grpcContext.ts';
import { mapErrors, toGrpcError, withPlainMessage } from './grpcError.ts';
import { createHealthHandlers } from './healthHandlers.ts';
import { createLeaderHandlers } from './leaderHandlers.ts';
import { createLockHandlers } from './lockHandlers.ts';
import { createReflectionHandlers } from './reflectionHandlers.ts';
import { createLeaderStreams, WATCH_LEADERS } from './streamLeaders.ts';

export interface GrpcDeps {
  readonly leaders: LeaderQueries;
  readonly amILeader: AmILeader;
  readonly locks: Locks;
  readonly wheel: HeartbeatWheel;
  isReady(): Readiness;
  /** Null admits a request by the name of its host. */
  refuseHost(host: string | undefined): ApiError | null;
  onRefusal(error: ApiError): void;
  onFailure(error: unknown): void;
}

export interface Grpc {
  /** False for a request that is not gRPC. */
  serve(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): boolean;
  /** Answers in frames what is asked most. False leaves the stream; see DualServer. */
  takeStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, asRequest: () => void): boolean;
}

const MAX_MESSAGE_BYTES = 16 * 1024;
/** Heartbeats come every 15 s. */
const STUCK_MS = 60_000;
const OURS = '/zenlead.v1.';

export function createGrpc(deps: GrpcDeps): Grpc {
  const router = createConnectRouter({
    connect: false,
    grpcWeb: false,
    readMaxBytes: MAX_MESSAGE_BYTES,
    interceptors: [mapErrors(deps.onRefusal)],
  });
  const files = [
    file_zenlead_v1_leader,
    file_zenlead_v1_lock,
    file_zenlead_v1_problem,
    file_grpc_health_v1_health,
    file_grpc_reflection_v1_reflection,
  ];
  const answers = new Map([
    [GET_LEADER, createGetLeaderAnswer(deps.leaders)],
    [WATCH_LEADERS, createLeaderStreams(deps.leaders, deps.wheel)],
  ]);
  /** Of streams that a handler has to answer after all. */
  const bodies = new WeakMap<ServerHttp2Stream, Buffer>();
  const ours = [LeaderService.typeName, LockService.typeName];
  router.service(LeaderService, createLeaderHandlers(deps));
  router.service(LockService, createLockHandlers(deps.locks));
  router.service(Health, createHealthHandlers(ours, deps.isReady));
  router.service(ServerReflection, createReflectionHandlers(files));
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  return {
    serve(request, response) {
      const handler = handlers.get(request.url ?? '');
      if (handler === undefined || !('stream' in request) || !('stream' in response)) return false;
      void serve(handler, request, response).catch(deps.onFailure);
      return true;
    },
    takeStream(stream, headers, asRequest) {
      const path = headers[':path'] ?? '';
      const answer = answers.get(path);
      // A question is answered at once. A handler ends the stream whose time is over.
      if (path === WATCH_LEADERS && headers['grpc-timeout'] !== undefined) return false;
      if (answer === undefined || !isPlain(headers) || deps.refuseHost(headers[':authority']) !== null) return false;
      stream.setTimeout(STUCK_MS, cut);
      void take(answer, stream, headers, asRequest).catch(deps.onFailure);
      return true;
    },
  };

  async function take(
    answer: FrameAnswer,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    asRequest: () => void,
  ): Promise<void> {
    const body = await readBody(stream, MAX_MESSAGE_BYTES);
    if (body === null) return;
    const send = await answer(body, toCaller({ headers, socket: stream.session?.socket }));
    // The client may have gone meanwhile.
    if (stream.destroyed || stream.closed) return;
    if (send !== null) {
      send(stream);
      return;
    }
    bodies.set(stream, body);
    asRequest();
  }

  async function serve(
    handler: (typeof router.handlers)[number],
    request: Http2ServerRequest,
    response: Http2ServerResponse,
  ): Promise<void> {
    const isOurs = handler.requestPath.startsWith(OURS);
    const { stream } = request;
    const body = bodies.get(stream);
    if (isOurs && body === undefined) stream.setTimeout(STUCK_MS, cut);
    const refusal = isOurs ? deps.refuseHost(request.authority) : null;
    if (refusal !== null) {
      deps.onRefusal(refusal);
      const { rawMessage, metadata } = toGrpcError(refusal);
      const trailers = { 'grpc-status': '7', 'grpc-message': rawMessage, ...Object.fromEntries(metadata) };
      response.writeHead(200, { 'content-type': 'application/grpc', ...trailers }).end();
      return;
    }
    const values = createContextValues().set(callerKey, toCaller(request));
    try {
      const asked = universalRequestFromNodeRequest(request, response, undefined, values);
      const answer = await handler(body === undefined ? asked : { ...asked, body: once(body) });
      await universalResponseToNodeResponse(withPlainMessage(answer), response);
    } catch (error) {
      // The client has gone while it was answered.
      if (!(error instanceof ConnectError)) throw error;
    }
  }
}

function cut(this: ServerHttp2Stream): void {
  this.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
