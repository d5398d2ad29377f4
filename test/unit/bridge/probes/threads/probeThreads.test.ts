import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../../../bridge/clock.ts';
import type { Check } from '../../../../../bridge/probes/probe.ts';
import {
  type ProbeThreads,
  startProbeThreads,
  type Thread,
} from '../../../../../bridge/probes/threads/probeThreads.ts';
import type { Order } from '../../../../../bridge/probes/threads/threadMessages.ts';
import { type FaultyTarget, faults, startFaultyTarget } from '../../../../support/servers/faultyTarget.ts';
import { startGrpcHealthServer } from '../../../../support/servers/grpcHealthServer.ts';
import { createVirtualClock } from '../../../../support/simulated/virtualClock.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

function keep<T extends { close(): unknown }>(one: T): T {
  open.push(one);
  return one;
}

const endpoint = (scheme: Check['scheme'], port: number) => ({
  address: '127.0.0.1',
  timeoutMs: 1_000,
  check: { scheme, port, target: scheme === 'http' ? '/' : '' },
});
const deadline = (): AbortSignal => AbortSignal.timeout(30_000);
const start = (): ProbeThreads => keep(startProbeThreads({ threads: 2, clock: systemClock, onLost() {} }));

/** As a pod that works. */
const answers = (socket: Socket): void => {
  socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\n\r\n'));
};

it('a thread asks a pod, and says what this process would have heard', async () => {
  const threads = start();
  const working = keep(await startFaultyTarget(answers));
  const refusing: FaultyTarget = await startFaultyTarget(() => {});
  await refusing.close();
  expect(await threads.probe(endpoint('http', working.port), deadline(), null)).toEqual({ kind: 'passed' });
  expect(await threads.probe(endpoint('tcp', refusing.port), deadline(), null)).toEqual({
    ...{ kind: 'failed', detail: 'refused' },
  });
});

it('a probe on a thread ends with its time', async () => {
  const threads = start();
  const hanging = keep(await startFaultyTarget(faults.acceptsAndSaysNothing));
  // A thread that is only starting is late, and its word would be void.
  for (let time = 0; time < 2; time += 1) await threads.probe(endpoint('tcp', hanging.port), deadline(), null);
  const ask = () => threads.probe(endpoint('http', hanging.port), AbortSignal.timeout(50), null);
  // So is one on a busy machine.
  await expect.poll(ask).toEqual({ kind: 'failed', detail: 'timeout' });
});

it('a connection that a thread holds says when its other end is gone', async () => {
  const threads = start();
  const target = keep(await startFaultyTarget(faults.acceptsAndSaysNothing));
  const { promise, resolve } = Promise.withResolvers<void>();
  threads.hold(endpoint('http', target.port), resolve);
  await expect.poll(() => target.connections()).toBe(1);
  await target.close();
  await promise;
});

it('gRPC is asked over the session that its thread holds', async () => {
  const threads = start();
  const server = keep(await startGrpcHealthServer());
  server.set('', 1);
  const grpc = endpoint('grpc', server.port);
  const held = threads.hold(grpc, () => {});
  for (let time = 0; time < 3; time += 1)
    expect(await threads.probe(grpc, deadline(), held)).toEqual({ kind: 'passed' });
  held.close();
});

/** Threads that answer nothing. */
function silentThreads(): { readonly started: EventEmitter[]; readonly orders: Order[]; startThread(): Thread } {
  const started: EventEmitter[] = [];
  const orders: Order[] = [];
  return {
    started,
    orders,
    startThread() {
      const emitter = new EventEmitter();
      started.push(emitter);
      const postMessage = (messages: readonly Order[]): void => void orders.push(...messages);
      return Object.assign(emitter, { postMessage, terminate: async () => 0, unref() {} }) as unknown as Thread;
    },
  };
}

it('a probe whose thread says nothing after its time is void, and proves nothing of the pod', async () => {
  const clock = createVirtualClock();
  const { startThread, orders } = silentThreads();
  const threads = keep(startProbeThreads({ threads: 1, clock, onLost() {}, startThread }));
  const controller = new AbortController();
  const result = threads.probe(endpoint('http', 80), controller.signal, null);
  controller.abort();
  await clock.advance(1_000);
  expect(await result).toEqual({ kind: 'void' });
  await expect.poll(() => orders.map(({ kind }) => kind)).toEqual(['probe', 'abort']);
});

it('a thread is given 64 probes at most, and the next one when one of them has its result', async () => {
  const clock = createVirtualClock();
  const { startThread, started } = silentThreads();
  const threads = keep(startProbeThreads({ threads: 1, clock, onLost() {}, startThread }));
  const results: unknown[] = [];
  let begun = 0;
  const ask = (): void => {
    begun += 1;
    void threads.probe(endpoint('http', 80), deadline(), null).then((result) => results.push(result));
  };
  for (let time = 0; time < 100; time += 1) threads.admit?.(ask);
  expect(begun).toBe(64);
  started[0]?.emit('message', [{ kind: 'result', id: 1, result: { kind: 'passed' } }]);
  expect(begun).toBe(65);
  await expect.poll(() => results).toEqual([{ kind: 'passed' }]);
});

it('a thread that ends leaves no probe without a result, closes what it held, and is started again', async () => {
  const clock = createVirtualClock();
  const { startThread, started } = silentThreads();
  const lost: (Error | null)[] = [];
  const onLost = (error: Error | null): void => void lost.push(error);
  const threads = keep(startProbeThreads({ threads: 1, clock, onLost, startThread }));
  const result = threads.probe(endpoint('http', 80), deadline(), null);
  let isClosed = false;
  threads.hold(endpoint('http', 80), () => {
    isClosed = true;
  });
  started[0]?.emit('error', new Error('out of memory'));
  started[0]?.emit('exit', 1);
  expect(await result).toEqual({ kind: 'void' });
  expect({ isClosed, lost: lost.map((error) => error?.message) }).toEqual({ isClosed: true, lost: ['out of memory'] });
  expect(await threads.probe(endpoint('http', 80), deadline(), null)).toEqual({ kind: 'void' });
  await clock.advance(1_000);
  expect(started).toHaveLength(2);
});
