/**
 * createLeaderStreams: answers WatchLeaders without the machinery of a handler, which held more
 * memory for each reader than its connection does.
 *
 * Guarantees: it answers plain questions that are admitted. All others get null: the handler
 * answers them from the same bytes. A change is encoded once for all readers of a pool. What waits
 * for a slow reader is one message a pool, beside what its connection buffers.
 */

import type { ServerHttp2Stream } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Caller } from '../auth/guard.ts';
import type { LeaderQueries, PoolSubscription } from '../leaders/leaderQueries.ts';
import type { PoolAnswer, PoolName, PoolReading } from '../leaders/poolFeed.ts';
import { readFrame, toFrame } from './frames.ts';
import { WatchLeadersRequestSchema, WatchLeadersResponseSchema } from './generated/zenlead/v1/leader_pb.js';
import { MAX_WATCHED, toChange } from './leaderHandlers.ts';
import { HEARTBEAT_MS } from './streamLatest.ts';

export const WATCH_LEADERS = '/zenlead.v1.LeaderService/WatchLeaders';

/** Starts the stream. Null where the handler has to answer. */
export type LeaderStreams = (body: Buffer, caller: Caller) => Promise<((stream: ServerHttp2Stream) => void) | null>;

interface Followed {
  readonly name: PoolName;
  readonly resumeEpoch: bigint | undefined;
  readonly subscription: PoolSubscription;
}

const heartbeat = toFrame(
  toBinary(WatchLeadersResponseSchema, create(WatchLeadersResponseSchema, { event: { case: 'heartbeat', value: {} } })),
);

export function createLeaderStreams(leaders: LeaderQueries): LeaderStreams {
  /** An answer is of one election of one Service. */
  const encoded = new WeakMap<PoolAnswer, Buffer>();

  function encode(name: PoolName, reading: PoolReading): Buffer {
    const known = reading.kind === 'found' ? encoded.get(reading) : undefined;
    if (known !== undefined) return known;
    const frame = toFrame(
      toBinary(WatchLeadersResponseSchema, create(WatchLeadersResponseSchema, toChange(name, reading))),
    );
    if (reading.kind === 'found') encoded.set(reading, frame);
    return frame;
  }

  async function admit(message: Uint8Array, caller: Caller): Promise<readonly Followed[] | null> {
    const { pools } = fromBinary(WatchLeadersRequestSchema, message);
    if (pools.length < 1 || pools.length > MAX_WATCHED) return null;
    return Promise.all(
      pools.map(async ({ namespace, pool, election, resumeEpoch }) => {
        const name: PoolName = { namespace, name: pool, election };
        return { name, resumeEpoch, subscription: await leaders.watch(caller, name) };
      }),
    );
  }

  return async (body, caller) => {
    const message = readFrame(body);
    if (message === null) return null;
    try {
      const followed = await admit(message, caller);
      return followed === null ? null : (stream) => follow(stream, followed, encode);
    } catch {
      return null;
    }
  };
}

function follow(
  stream: ServerHttp2Stream,
  followed: readonly Followed[],
  encode: (name: PoolName, reading: PoolReading) => Buffer,
): void {
  // The client may have gone meanwhile.
  if (stream.destroyed || stream.closed) return;
  const unread = new Map<Followed, Buffer>();
  const timer = setInterval(() => {
    if (!stream.writableNeedDrain) send(heartbeat);
  }, HEARTBEAT_MS);
  const send = (frame: Buffer): boolean => {
    timer.refresh();
    return stream.write(frame);
  };
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' });
  const stops = followed.map((each) => {
    const { name, resumeEpoch, subscription } = each;
    const { first, subscribe } = subscription;
    let told = '';
    const tell = (reading: PoolReading): void => {
      const text = reading.kind === 'found' ? reading.text : reading.kind;
      if (text === told) return;
      told = text;
      const frame = encode(name, reading);
      if (stream.writableNeedDrain) unread.set(each, frame);
      else send(frame);
    };
    if (resumeEpoch !== undefined && String(resumeEpoch) === first.tag) told = first.text;
    else tell(first);
    return subscribe(tell);
  });
  stream.on('drain', () => {
    for (const [each, frame] of unread) {
      unread.delete(each);
      if (!send(frame)) return;
    }
  });
  stream.on('error', () => {});
  stream.once('close', () => {
    clearInterval(timer);
    for (const stop of stops) stop();
  });
}
