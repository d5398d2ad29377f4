/**
 * The load of subscriberFigures.ts: questions and subscriptions over HTTP/2 in the frames of gRPC,
 * each subscriber on a connection of its own, as pods are.
 *
 * Guarantees: nothing is decoded, so that the load takes as little of the machine as it can.
 */

import { connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { toFrame } from '../api/grpc/frames.ts';
import { GetLeaderRequestSchema, WatchLeadersRequestSchema } from '../api/grpc/generated/zenlead/v1/leader_pb.js';

export interface Subscriber {
  /** `performance.now()` of the last message; 0 before the first. */
  lastAt(): number;
  close(): void;
}

/** Longer means that something is broken. */
const GIVE_UP_MS = 60_000;
const RETRY_MS = 20;
/** A heartbeat is shorter. */
const LEAST_MESSAGE = 20;
const service = '/zenlead.v1.LeaderService';

/** Resolves with the first message. `onEnd`: the connection has ended, and not by `close`. */
export function subscribe(
  url: string,
  pool: { readonly namespace: string; readonly pool: string },
  onMessage: (at: number) => void = () => {},
  onEnd: () => void = () => {},
): Promise<Subscriber> {
  const body = toFrame(toBinary(WatchLeadersRequestSchema, create(WatchLeadersRequestSchema, { pools: [pool] })));
  return new Promise((resolve, reject) => {
    let lastAt = 0;
    let isClosed = false;
    let status: unknown;
    const session = connect(url);
    const stream = session.request(headersOf('WatchLeaders'));
    const end = (): void => {
      session.destroy();
      if (isClosed) return;
      isClosed = true;
      if (lastAt === 0) reject(new Error(`the stream ended before its first message, status ${status}`));
      else onEnd();
    };
    session.on('error', end);
    // A refusal has its status in the only headers.
    stream.on('response', (headers) => {
      status = headers['grpc-status'];
    });
    stream.on('error', end);
    stream.on('close', end);
    stream.on('data', (chunk: Buffer) => {
      if (chunk.length < LEAST_MESSAGE) return;
      const isFirst = lastAt === 0;
      lastAt = performance.now();
      onMessage(lastAt);
      if (!isFirst) return;
      resolve({
        lastAt: () => lastAt,
        close() {
          isClosed = true;
          session.destroy();
        },
      });
    });
    stream.end(body);
  });
}

/** Asks again until it is subscribed, as a client does whose connection was refused. */
export async function insist(...asked: Parameters<typeof subscribe>): Promise<Subscriber> {
  for (const endsAt = performance.now() + GIVE_UP_MS; ; await sleep(RETRY_MS)) {
    try {
      return await subscribe(...asked);
    } catch (error) {
      if (performance.now() > endsAt) throw error;
    }
  }
}

/** Asks so often who leads, over some connections with some questions in flight on each. */
export async function askOften(
  url: string,
  pool: { readonly namespace: string; readonly pool: string },
  count: number,
  connections = 4,
  inFlight = 16,
): Promise<void> {
  const body = toFrame(toBinary(GetLeaderRequestSchema, create(GetLeaderRequestSchema, pool)));
  let left = count;
  const sessions = Array.from({ length: connections }, () => connect(url));
  const ask = async (session: (typeof sessions)[number]): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await new Promise<void>((resolve, reject) => {
        const stream = session.request(headersOf('GetLeader'));
        let status: unknown;
        stream.on('trailers', (trailers) => {
          status = trailers['grpc-status'];
        });
        stream.on('error', reject);
        stream.on('close', () => (status === '0' ? resolve() : reject(new Error(`GetLeader: status ${status}`))));
        stream.resume();
        stream.end(body);
      });
    }
  };
  await Promise.all(sessions.flatMap((session) => Array.from({ length: inFlight }, () => ask(session))));
  for (const session of sessions) session.close();
}

function headersOf(method: string) {
  return {
    ':method': 'POST',
    ':path': `${service}/${method}`,
    'content-type': 'application/grpc+proto',
    te: 'trailers',
  };
}
