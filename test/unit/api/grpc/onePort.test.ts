import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { credentials, status } from '@grpc/grpc-js';
import { Agent, request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { anApiApp, aReviewer } from '../../../support/objects/anApiApp.ts';
import { aCertificate } from '../../../support/programs/aCertificate.ts';
import { aGrpcClient } from '../../../support/programs/aGrpcClient.ts';

const pool = { namespace: 'shop', pool: 'postgres' };
const REST = '/v1/leader/pool/postgres.shop';

/** Sends bytes, and gives what comes until the server closes. */
function exchange(url: string, pieces: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes;
    });
    socket.once('error', reject).once('close', () => resolve(text));
    void (async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((next) => setTimeout(next, 20));
      }
    })();
  });
}

describe('one port', () => {
  it('serves REST over HTTP/1.1 and HTTP/2, and gRPC, in clear text', async () => {
    const app = anApiApp();
    const url = await app.listen();
    expect(await (await fetch(`${url}${REST}`)).json()).toMatchObject({ epoch: 7 });
    const client = aGrpcClient(url, 'zenlead.v1.LeaderService', 'zenlead/v1/leader.proto');
    expect(await client.call('getLeader', pool)).toMatchObject({ leaderPool: { epoch: 7 } });
    const session = connectHttp2(url);
    onTestFinished(() => void session.destroy());
    const stream = session.request({ ':path': REST });
    stream.setEncoding('utf8');
    expect(JSON.parse((await stream.toArray()).join(''))).toMatchObject({ epoch: 7 });
  });

  it('serves REST over HTTP/1.1 and HTTP/2, and gRPC, over TLS', async () => {
    const files = aCertificate();
    const app = anApiApp({ tls: files });
    const url = (await app.listen()).replace('http://127.0.0.1', 'https://localhost');
    const ca = readFileSync(files.cert);
    for (const allowH2 of [false, true]) {
      const dispatcher = new Agent({ allowH2, connect: { ca } });
      onTestFinished(() => dispatcher.close());
      expect(await (await request(`${url}${REST}`, { dispatcher })).body.json()).toMatchObject({ epoch: 7 });
    }
    const secure = credentials.createSsl(ca);
    const client = aGrpcClient(url, 'zenlead.v1.LeaderService', 'zenlead/v1/leader.proto', secure);
    expect(await client.call('getLeader', pool)).toMatchObject({ leaderPool: { epoch: 7 } });
  });

  it.each([
    ['in one piece', [`GET ${REST} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`]],
    [
      'byte by byte, by a method that begins as HTTP/2 does',
      ['P', 'R', 'OPFIND / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'],
    ],
  ])('reads HTTP/1.1 that comes %s', async (_, pieces) => {
    const answer = await exchange(await anApiApp().listen(), pieces);
    expect(answer).toMatch(/^HTTP\/1\.1 (200|404) /);
  });

  it.each([
    ['bytes that are no request', '\0\x01\r\n\r\n', 400],
    ['headers that are too large', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('answers %s with code and message', async (_, bytes, statusCode) => {
    const app = anApiApp();
    const answer = await exchange(await app.listen(), [bytes]);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${statusCode} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toEqual({
      code: 'INVALID',
      message: expect.any(String),
    });
    expect(await app.metrics.registry.metrics()).toContain('zen_lead_api_refused_requests_total{code="INVALID"} 1');
  });

  it('ends streams and connections when it closes', async () => {
    const app = anApiApp();
    const url = await app.listen();
    const client = aGrpcClient(url, 'zenlead.v1.LeaderService', 'zenlead/v1/leader.proto');
    const stream = client.stream('watchLeaders', { pools: [pool] });
    await stream.next();
    const { hostname, port } = new URL(url);
    const silent = connect(Number(port), hostname);
    onTestFinished(() => void silent.destroy());
    await new Promise((resolve) => silent.once('connect', resolve));
    await app.app.close();
    await expect(stream.next()).rejects.toThrow();
  });

  it('outlives clients that ask to go on, and go, before Node has made a request of it', async () => {
    const url = await anApiApp().listen();
    const session = connectHttp2(url);
    onTestFinished(() => void session.destroy());
    for (const path of [REST, '/zenlead.v1.LeaderService/GetLeader', '/zenlead.v1.LeaderService/WatchLeaders']) {
      const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', expect: '100-continue' };
      const stream = session.request(headers).on('error', () => {});
      // In one packet with the headers.
      stream.close(7);
      await new Promise((resolve) => stream.once('close', resolve));
    }
    const client = aGrpcClient(url, 'zenlead.v1.LeaderService', 'zenlead/v1/leader.proto');
    expect(await client.call('getLeader', pool)).toMatchObject({ leaderPool: { epoch: 7 } });
  });

  it('without tokens it answers gRPC for no name that a stranger can own', async () => {
    const url = await anApiApp().listen();
    const session = connectHttp2(url);
    onTestFinished(() => void session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': '/zenlead.v1.LeaderService/GetLeader',
      ':authority': 'evil.example',
      'content-type': 'application/grpc',
    });
    const headers = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
    expect(headers).toMatchObject({ 'grpc-status': String(status.PERMISSION_DENIED), 'zen-lead-code': 'WRONG_HOST' });
    stream.close();
  });
});

describe('grpc.health.v1 and reflection', () => {
  it('say without a token whether the server is ready, and tell when that changes', async () => {
    const app = anApiApp({ reviewer: aReviewer(() => false) });
    const client = aGrpcClient(await app.listen(), 'grpc.health.v1.Health', 'grpc/health/v1/health.proto');
    for (const service of ['', 'zenlead.v1.LeaderService', 'zenlead.v1.LockService'])
      expect(await client.call('check', { service })).toEqual({ status: 'SERVING' });
    await expect(client.call('check', { service: 'other' })).rejects.toMatchObject({ code: status.NOT_FOUND });
    const stream = client.stream('watch', {});
    expect(await stream.next()).toEqual({ status: 'SERVING' });
    app.setFresh(false);
    expect(await stream.next()).toEqual({ status: 'NOT_SERVING' });
  });

  it('describe each service, with all that its file imports', async () => {
    const app = anApiApp();
    const file = 'grpc/reflection/v1/reflection.proto';
    const client = aGrpcClient(await app.listen(), 'grpc.reflection.v1.ServerReflection', file);
    const call = client.duplex('serverReflectionInfo');
    const { listServicesResponse } = await call.ask({ listServices: '' });
    expect(listServicesResponse).toEqual({
      service: [
        'zenlead.v1.LeaderService',
        'zenlead.v1.LockService',
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
      ].map((name) => ({ name })),
    });
    for (const question of [
      { fileContainingSymbol: 'zenlead.v1.LockService.Acquire' },
      { fileContainingSymbol: 'zenlead.v1.WatchLockResponse' },
      { fileByFilename: 'zenlead/v1/lock.proto' },
    ]) {
      const { fileDescriptorResponse } = await call.ask(question);
      const files = (fileDescriptorResponse as { fileDescriptorProto: Buffer[] }).fileDescriptorProto;
      expect(files.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name)).toEqual([
        'zenlead/v1/lock.proto',
        'google/protobuf/timestamp.proto',
        'zenlead/v1/leader.proto',
      ]);
    }
    expect(await call.ask({ fileContainingSymbol: 'no.Such' })).toMatchObject({ errorResponse: { errorCode: 5 } });
  });
});
