/**
 * createLeaderStreams: answers WatchLeaders without the machinery of a handler, which held more
 * memory for each reader than its connection does.
 *
 * Guarantees: it answers plain questions that are admitted. All others get null: the handler
 * answers them from the same bytes. A change is encoded once for all readers of a pool. What waits
 * for a slow reader is one message a pool, beside what its connection buffers.
 */

import { constants, type ServerHttp2Stream } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Caller } from '../auth/guard.ts';
import { HEARTBEAT_MS, type HeartbeatWheel } from '../heartbeatWheel.ts';
import type { LeaderQueries, PoolSubscription } from '../leaders/leaderQueries.ts';
import type { PoolAnswer, PoolName, PoolReading } from '../leaders/poolFeed.ts';
import { type FrameAnswer, readFrame, toFrame } from './frames.ts';
import { WatchLeadersRequestSchema, WatchLeadersResponseSchema } from './generated/zenlead/v1/leader_pb.js';
import { MAX_WATCHED, toChange } from './leaderHandlers.ts';

export const WATCH_LEADERS = '/zenlead.v1.LeaderService/WatchLeaders';

/** A reader that takes nothing for a minute is cut off. */
const STUCK_TURNS = 60_000 / HEARTBEAT_MS;

interface Followed {
  readonly name: PoolName;
  readonly resumeEpoch: bigint | undefined;
  readonly subscription: PoolSubscription;
}

const heartbeat = toFrame(
  toBinary(WatchLeadersResponseSchema, create(WatchLeadersResponseSchema, { event: { case: 'heartbeat', value: {} } })),
);

export function createLeaderStreams(leaders: LeaderQueries, wheel: HeartbeatWheel): FrameAnswer {
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
      return followed === null ? null : (stream) => follow(stream, followed, encode, wheel);
    } catch {
      return null;
    }
  };
}

function follow(
  stream: ServerHttp2Stream,
  followed: readonly Followed[],
  encode: (name: PoolName, reading: PoolReading) => Buffer,
  wheel: HeartbeatWheel,
): void {
  let unread: Map<Followed, Buffer> | undefined;
  /** What was unread at the last turn, and for how many turns it has been as much. */
  let left = 0;
  let stuck = 0;
  // The turns of the wheel cut off a reader that takes nothing.
  stream.setTimeout(0);
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
      if (!stream.writableNeedDrain) {
        stream.write(frame);
        return;
      }
      unread ??= new Map();
      unread.set(each, frame);
    };
    if (resumeEpoch !== undefined && String(resumeEpoch) === first.tag) told = first.text;
    else tell(first);
    return subscribe(tell);
  });
  stops.push(
    wheel.add({
      beat() {
        if (!stream.writableNeedDrain) {
          stream.write(heartbeat);
          left = 0;
          return;
        }
        stuck = stream.writableLength === left ? stuck + 1 : 0;
        left = stream.writableLength;
        if (stuck === STUCK_TURNS) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      },
    }),
  );
  stream.on('drain', () => {
    for (const [each, frame] of unread ?? []) {
      unread?.delete(each);
      if (!stream.write(frame)) return;
    }
  });
  stream.once('close', () => {
    for (const stop of stops) stop();
  });
}
