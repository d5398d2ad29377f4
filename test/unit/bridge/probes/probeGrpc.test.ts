import { once } from 'node:events';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeHealthResponse, encodeHealthRequest } from '../../../../bridge/probes/grpcHealth.ts';
import type { ProbeResult } from '../../../../bridge/probes/probe.ts';
import { openGrpcSession, probeGrpc } from '../../../../bridge/probes/probeGrpc.ts';
import {
  answersGrpc,
  type FaultyTarget,
  faults,
  startFaultyTarget,
  startHttp2Target,
} from '../../../support/servers/faultyTarget.ts';
import { startGrpcHealthServer } from '../../../support/servers/grpcHealthServer.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

function keep<T extends { close(): unknown }>(target: T): T {
  open.push(target);
  return target;
}

const endpoint = (port: number, target = '') => ({
  address: '127.0.0.1',
  check: { scheme: 'grpc' as const, port, target },
});

function probe(port: number, service = '', signal = AbortSignal.timeout(30_000)): Promise<ProbeResult> {
  return probeGrpc(endpoint(port, service), signal);
}

async function answered(treat: (stream: ServerHttp2Stream) => void): Promise<ProbeResult> {
  const target: FaultyTarget = keep(await startHttp2Target(treat));
  return probe(target.port);
}

const fails = (detail: string) => ({ kind: 'failed', detail });
const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);
const OK = { 'grpc-status': '0' };

describe('a probe of gRPC health', () => {
  it('asks the health service of @grpc/grpc-js about the whole server and about one service', async () => {
    const server = keep(await startGrpcHealthServer());
    server.set('', 1);
    server.set('orders', 2);
    expect(await probe(server.port)).toEqual({ kind: 'passed' });
    expect(await probe(server.port, 'orders')).toEqual(fails('not-serving'));
    expect(await probe(server.port, 'unknown')).toEqual(fails('grpc-5'));
    server.set('orders', 1);
    expect(await probe(server.port, 'orders')).toEqual({ kind: 'passed' });
  });

  it('asks many times over one session, and leaves it open', async () => {
    const server = keep(await startGrpcHealthServer());
    server.set('', 1);
    const session = keep(openGrpcSession(endpoint(server.port)));
    for (let time = 0; time < 3; time++)
      expect(await probeGrpc(endpoint(server.port), AbortSignal.timeout(30_000), session)).toEqual({ kind: 'passed' });
    expect(session.closed || session.destroyed).toBe(false);
    expect(session.listenerCount('close')).toBeLessThan(3);
  });

  it('says nothing about the target where the kept session is gone', async () => {
    const server = keep(await startGrpcHealthServer());
    const session = openGrpcSession(endpoint(server.port));
    session.destroy();
    expect(await probeGrpc(endpoint(server.port), AbortSignal.timeout(30_000), session)).toEqual({ kind: 'void' });
  });

  it('closes a kept session after GOAWAY, so that its keeper notices', async () => {
    const server = keep(await startGrpcHealthServer());
    server.set('', 1);
    const session = openGrpcSession(endpoint(server.port));
    await probeGrpc(endpoint(server.port), AbortSignal.timeout(30_000), session);
    const closed = once(session, 'close');
    server.drain();
    await closed;
    expect(session.destroyed).toBe(true);
  });

  it.each<[what: string, result: ProbeResult | ReturnType<typeof fails>, treat: (stream: ServerHttp2Stream) => void]>([
    ['SERVING', { kind: 'passed' }, answersGrpc({ body: SERVING, trailers: OK })],
    ['NOT_SERVING', fails('not-serving'), answersGrpc({ body: Buffer.from([0, 0, 0, 0, 2, 8, 2]), trailers: OK })],
    ['UNKNOWN, which is not on the wire', fails('not-serving'), answersGrpc({ body: Buffer.alloc(5), trailers: OK })],
    ['SERVICE_UNKNOWN', fails('not-serving'), answersGrpc({ body: Buffer.from([0, 0, 0, 0, 2, 8, 3]), trailers: OK })],
    ['the status of a proxy', fails('http-503'), answersGrpc({ status: 503 })],
    ['the status UNIMPLEMENTED', fails('grpc-12'), answersGrpc({ trailers: { 'grpc-status': '12' } })],
    ['an error after SERVING', fails('grpc-14'), answersGrpc({ body: SERVING, trailers: { 'grpc-status': '14' } })],
    ['SERVING without trailers', fails('garbage'), answersGrpc({ body: SERVING })],
    ['a status of letters', fails('garbage'), answersGrpc({ body: SERVING, trailers: { 'grpc-status': 'ok' } })],
    ['an empty status', fails('garbage'), answersGrpc({ body: SERVING, trailers: { 'grpc-status': '' } })],
    ['trailers alone', fails('garbage'), answersGrpc({ trailers: OK })],
    ['a compressed message', fails('garbage'), answersGrpc({ body: Buffer.from([1, 0, 0, 0, 2, 8, 1]), trailers: OK })],
    ['a message cut short', fails('garbage'), answersGrpc({ body: SERVING.subarray(0, 6), trailers: OK })],
    ['two messages', fails('garbage'), answersGrpc({ body: Buffer.concat([SERVING, SERVING]), trailers: OK })],
    ['a message of 2 KiB', fails('garbage'), answersGrpc({ body: Buffer.alloc(2_048), trailers: OK })],
    ['a stream that is reset', fails('reset'), (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)],
    ['GOAWAY', fails('reset'), (stream) => stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM)],
    ['the end of the session', fails('reset'), (stream) => stream.session?.destroy()],
  ])('judges %s', async (_what, result, treat) => {
    expect(await answered(treat)).toEqual(result);
  });

  it.each(['closesAtOnce', 'resets'] as const)('says reset for a target that %s', async (fault) => {
    const target = keep(await startFaultyTarget(faults[fault]));
    expect(await probe(target.port)).toEqual(fails('reset'));
  });

  it.each(['speaksSsh', 'speaksHttp09'] as const)('fails a target that %s', async (fault) => {
    const target = keep(await startFaultyTarget(faults[fault]));
    expect(await probe(target.port)).toEqual(fails('garbage'));
  });

  it('gives up in the tick of its deadline on a target that says nothing', async () => {
    const target = keep(await startFaultyTarget(faults.acceptsAndSaysNothing));
    const deadline = new AbortController();
    const result = probe(target.port, '', deadline.signal);
    while (target.connections() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    deadline.abort();
    expect(await result).toEqual(fails('timeout'));
  });

  it('says refused where nothing listens', async () => {
    const target = await startFaultyTarget(() => {});
    await target.close();
    expect(await probe(target.port)).toEqual(fails('refused'));
  });

  it('writes the name of a service as protobuf does, also a long one', () => {
    expect(encodeHealthRequest('')).toEqual(Buffer.alloc(5));
    expect(encodeHealthRequest('ab')).toEqual(Buffer.from([0, 0, 0, 0, 4, 0x0a, 2, 0x61, 0x62]));
    const long = encodeHealthRequest('x'.repeat(300));
    expect(long.subarray(0, 8)).toEqual(Buffer.from([0, 0, 0, 1, 0x2f, 0x0a, 0xac, 0x02]));
    expect(long.length).toBe(308);
  });

  it('reads no status but a single byte', () => {
    expect(decodeHealthResponse(Buffer.from([0, 0, 0, 0, 2, 8, 0x80]))).toBeNull();
    expect(decodeHealthResponse(Buffer.from([0, 0, 0, 0, 2, 0x12, 1]))).toBeNull();
    expect(decodeHealthResponse(Buffer.from([0, 0, 0]))).toBeNull();
  });
});
