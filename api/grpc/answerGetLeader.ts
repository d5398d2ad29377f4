/**
 * createGetLeaderAnswer: answers GetLeader without the machinery of a handler, which took four
 * fifths of its processor time.
 *
 * Guarantees: it answers plain questions that succeed. All others, refused, compressed or not
 * readable ones, get null: the handler answers them from the same bytes. An answer is encoded once
 * for all who ask until the pool changes.
 */

import type { Http2ServerResponse } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Caller } from '../auth/guard.ts';
import type { LeaderQueries } from '../leaders/leaderQueries.ts';
import type { PoolAnswer } from '../leaders/poolFeed.ts';
import { readFrame, toFrame } from './frames.ts';
import { GetLeaderRequestSchema, GetLeaderResponseSchema } from './generated/zenlead/v1/leader_pb.js';
import { toMessage } from './leaderHandlers.ts';

export const GET_LEADER = '/zenlead.v1.LeaderService/GetLeader';

/** Null where the handler has to answer. */
export type GetLeaderAnswer = (body: Buffer, caller: Caller) => Promise<Buffer | null>;

export function createGetLeaderAnswer(leaders: LeaderQueries): GetLeaderAnswer {
  const encoded = new WeakMap<PoolAnswer, Buffer>();

  function encode(answer: PoolAnswer): Buffer {
    const known = encoded.get(answer);
    if (known !== undefined) return known;
    const { election } = answer.pool;
    const message = create(GetLeaderResponseSchema, { leaderPool: toMessage(answer.pool), election });
    const frame = toFrame(toBinary(GetLeaderResponseSchema, message));
    encoded.set(answer, frame);
    return frame;
  }

  return async (body, caller) => {
    const message = readFrame(body);
    if (message === null) return null;
    try {
      const { namespace, pool, election } = fromBinary(GetLeaderRequestSchema, message);
      return encode(await leaders.read(caller, { namespace, name: pool, election }));
    } catch {
      return null;
    }
  };
}

export function sendAnswer(response: Http2ServerResponse, frame: Buffer): void {
  // The client may have gone meanwhile.
  if (response.stream.destroyed || response.stream.closed) return;
  response.writeHead(200, { 'content-type': 'application/grpc+proto' });
  response.addTrailers({ 'grpc-status': '0' });
  response.end(frame);
}
