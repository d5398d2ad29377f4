import { EventEmitter } from 'node:events';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import type { FastifyReply } from 'fastify';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openEventStream } from '../../../api/eventStream.ts';
import { toFrame } from '../../../api/grpc/frames.ts';
import { WatchLeadersRequestSchema } from '../../../api/grpc/generated/zenlead/v1/leader_pb.js';
import { streamLatest } from '../../../api/grpc/streamLatest.ts';
import { createLeaderStreams } from '../../../api/grpc/streamLeaders.ts';
import { createHeartbeatWheel } from '../../../api/heartbeatWheel.ts';
import type { LeaderQueries } from '../../../api/leaders/leaderQueries.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a quiet stream of events has a comment every 15 s, and none after its end', async () => {
  const written: string[] = [];
  const raw = Object.assign(new EventEmitter(), {
    destroyed: false,
    writableLength: 0,
    writeHead() {},
    write: (text: string) => written.push(text),
  });
  openEventStream(
    { hijack() {}, raw } as unknown as FastifyReply,
    { wheel: createHeartbeatWheel(), onCut() {} },
    () => {},
  );
  await vi.advanceTimersByTimeAsync(30_000);
  expect(written).toEqual(['retry: 1000\n\n', ': still here\n\n', ': still here\n\n']);
  raw.emit('close');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(written).toHaveLength(3);
});

it('a quiet stream of gRPC has a message after 15 s, counted from the one before', async () => {
  const stop = new AbortController();
  let put = (_message: string): void => {};
  const stream = streamLatest<string>(
    (sink) => {
      put = (message) => sink.put('state', message);
      return () => {};
    },
    () => 'still here',
    stop.signal,
  );
  const seen: string[] = [];
  const reading = (async () => {
    for await (const message of stream) seen.push(message);
  })();
  await vi.advanceTimersByTimeAsync(10_000);
  put('epoch 8');
  await vi.advanceTimersByTimeAsync(14_000);
  expect(seen).toEqual(['epoch 8']);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(seen).toEqual(['epoch 8', 'still here']);
  stop.abort();
  await reading;
});

/** A stream of WatchLeaders, of a reader that is told nothing but the first state. */
async function aWatch() {
  const stream = Object.assign(new EventEmitter(), {
    writableNeedDrain: false,
    writableLength: 0,
    written: 0,
    closedWith: undefined as number | undefined,
    setTimeout() {},
    respond() {},
    write() {
      stream.written += 1;
    },
    close(code: number) {
      stream.closedWith = code;
    },
  });
  const first = { kind: 'stale', text: '', tag: '7' };
  const leaders = { watch: async () => ({ first, subscribe: () => () => {} }) };
  const open = createLeaderStreams(leaders as unknown as LeaderQueries, createHeartbeatWheel());
  const request = create(WatchLeadersRequestSchema, { pools: [{ namespace: 'shop', pool: 'postgres' }] });
  const asked = toFrame(toBinary(WatchLeadersRequestSchema, request));
  const answer = await open(asked, { authorization: undefined, address: '' });
  answer?.(stream as unknown as ServerHttp2Stream);
  return stream;
}

it('a stream of WatchLeaders has a message every 15 s, and none after its end', async () => {
  const stream = await aWatch();
  expect(stream.written).toBe(1);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(stream.written).toBe(3);
  stream.emit('close');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(stream.written).toBe(3);
});

it('cuts off a reader of WatchLeaders that takes nothing for a minute, and not one that takes some', async () => {
  const [stuck, slow] = [await aWatch(), await aWatch()];
  for (const stream of [stuck, slow]) Object.assign(stream, { writableNeedDrain: true, writableLength: 20_000 });
  for (let turn = 0; turn < 8; turn += 1) {
    await vi.advanceTimersByTimeAsync(15_000);
    slow.writableLength -= 1;
  }
  expect(stuck.closedWith).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  expect(slow.closedWith).toBeUndefined();
  expect(slow.written, 'what it cannot take waits').toBe(1);
});
