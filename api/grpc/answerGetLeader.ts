/**
 * createGetLeaderAnswer: answers GetLeader without the machinery of a handler, which took four
 * fifths of its processor time.
 *
 * Guarantees: it answers plain questions that succeed. All others, refused, compressed or not
 * readable ones, get null: the handler answers them from the same bytes. An answer is encoded once
 * for all who ask until the pool changes.
 */

import type { ServerHttp2Stream } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { LeaderQueries } from '../leaders/leaderQueries.ts';
import type { PoolAnswer } from '../leaders/poolFeed.ts';
import { type FrameAnswer, readFrame, toFrame } from './frames.ts';
import { GetLeaderRequestSchema, GetLeaderResponseSchema } from './generated/zenlead/v1/leader_pb.js';
import { toMessage } from './leaderHandlers.ts';

export const GET_LEADER = '/zenlead.v1.LeaderService/GetLeader';

export function createGetLeaderAnswer(leaders: LeaderQueries): FrameAnswer {
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
      const frame = encode(await leaders.read(caller, { namespace, name: pool, election }));
      return (stream) => send(stream, frame);
    } catch {
      return null;
    }
  };
}

function send(stream: ServerHttp2Stream, frame: Buffer): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
  stream.once('wantTrailers', sendStatus);
  stream.end(frame);
}

function sendStatus(this: ServerHttp2Stream): void {
  this.sendTrailers({ 'grpc-status': '0' });
}
