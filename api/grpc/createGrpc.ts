/**
 * createGrpc: serves gRPC on the requests of an HTTP/2 server that are gRPC, and leaves the others.
 *
 * Guarantees: a message of more than 16 KiB is refused before it is read. A stream whose reader
 * takes nothing for a minute is cut. Connect's own protocol and gRPC-Web are not served.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { ConnectError, createConnectRouter, createContextValues } from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import type { Readiness } from '../../lib/telemetry/probes.ts';
import type { ApiError } from '../apiError.ts';
import { toCaller } from '../auth/guard.ts';
import type { AmILeader } from '../leaders/amILeader.ts';
import type { LeaderQueries } from '../leaders/leaderQueries.ts';
import type { LockService as Locks } from '../locks/lockService.ts';
import { createGetLeaderAnswer, GET_LEADER, sendAnswer } from './answerGetLeader.ts';
import { isPlain, readBody } from './frames.ts';
import { file_grpc_health_v1_health, Health } from './generated/grpc/health/v1/health_pb.js';
import { file_grpc_reflection_v1_reflection, ServerReflection } from './generated/grpc/reflection/v1/reflection_pb.js';
import { file_zenlead_v1_leader, LeaderService } from './generated/zenlead/v1/leader_pb.js';
import { file_zenlead_v1_lock, LockService } from './generated/zenlead/v1/lock_pb.js';
import { file_zenlead_v1_problem } from './generated/zenlead/v1/problem_pb.js';
import { callerKey } from './grpcContext.ts';
import { mapErrors, toGrpcError } from './grpcError.ts';
import { createHealthHandlers } from './healthHandlers.ts';
import { createLeaderHandlers } from './leaderHandlers.ts';
import { createLockHandlers } from './lockHandlers.ts';
import { createReflectionHandlers } from './reflectionHandlers.ts';
import { createLeaderStreams, WATCH_LEADERS } from './streamLeaders.ts';

export interface GrpcDeps {
  readonly leaders: LeaderQueries;
  readonly amILeader: AmILeader;
  readonly locks: Locks;
  isReady(): Readiness;
  /** Null admits a request by the name of its host. */
  refuseHost(host: string | undefined): ApiError | null;
  onRefusal(error: ApiError): void;
  onFailure(error: unknown): void;
}

/** False for a request that is not gRPC. */
export type ServeGrpc = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => boolean;

const MAX_MESSAGE_BYTES = 16 * 1024;
/** Heartbeats come every 15 s. */
const STUCK_MS = 60_000;
const OURS = '/zenlead.v1.';

export function createGrpc(deps: GrpcDeps): ServeGrpc {
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
  const answerGetLeader = createGetLeaderAnswer(deps.leaders);
  const openLeaderStream = createLeaderStreams(deps.leaders);
  const ours = [LeaderService.typeName, LockService.typeName];
  router.service(LeaderService, createLeaderHandlers(deps));
  router.service(LockService, createLockHandlers(deps.locks));
  router.service(Health, createHealthHandlers(ours, deps.isReady));
  router.service(ServerReflection, createReflectionHandlers(files));
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  return (request, response) => {
    const handler = handlers.get(request.url ?? '');
    if (handler === undefined || !('stream' in request) || !('stream' in response)) return false;
    void serve(handler, request, response).catch(deps.onFailure);
    return true;
  };

  async function serve(
    handler: (typeof router.handlers)[number],
    request: Http2ServerRequest,
    response: Http2ServerResponse,
  ): Promise<void> {
    const isOurs = handler.requestPath.startsWith(OURS);
    const { stream } = request;
    if (isOurs) stream.setTimeout(STUCK_MS, () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM));
    const refusal = isOurs ? deps.refuseHost(request.authority) : null;
    if (refusal !== null) {
      deps.onRefusal(refusal);
      const { rawMessage, metadata } = toGrpcError(refusal);
      const trailers = { 'grpc-status': '7', 'grpc-message': rawMessage, ...Object.fromEntries(metadata) };
      response.writeHead(200, { 'content-type': 'application/grpc', ...trailers }).end();
      return;
    }
    const caller = toCaller(request);
    let body: AsyncIterable<Uint8Array> | undefined;
    const { requestPath } = handler;
    if ((requestPath === GET_LEADER || requestPath === WATCH_LEADERS) && isPlain(request)) {
      const asked = await readBody(request, MAX_MESSAGE_BYTES);
      if (asked === null) return;
      if (requestPath === GET_LEADER) {
        const frame = await answerGetLeader(asked, caller);
        if (frame !== null) return sendAnswer(response, frame);
      } else {
        const open = await openLeaderStream(asked, caller);
        if (open !== null) return open(stream);
      }
      body = once(asked);
    }
    const values = createContextValues().set(callerKey, caller);
    try {
      const asked = universalRequestFromNodeRequest(request, response, undefined, values);
      const answer = await handler(body === undefined ? asked : { ...asked, body });
      await universalResponseToNodeResponse(answer, response);
    } catch (error) {
      // The client has gone while it was answered.
      if (!(error instanceof ConnectError)) throw error;
    }
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
