import { EventEmitter } from 'node:events';
import type { FastifyReply } from 'fastify';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openEventStream } from '../../../api/eventStream.ts';
import { streamLatest } from '../../../api/grpc/streamLatest.ts';

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
    () => {},
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
