import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createEventPoster,
  type EventPoster,
  type EventPosterOptions,
} from '../../../../bridge/delivery/eventPoster.ts';
import { createHttpSink } from '../../../../bridge/delivery/httpSink.ts';
import { codeOf } from '../../../../lib/errors.ts';
import { parseEnvelope } from '../../../../lib/events/envelope.ts';
import { parseReconcileEvent } from '../../../../lib/events/parseReconcileEvent.ts';
import { parseReply } from '../../../../lib/events/parseReply.ts';
import type { Sink } from '../../../../lib/events/sink.ts';
import { aReconcileEvent } from '../../../support/objects/anEvent.ts';
import {
  type Answer,
  inOrder,
  json,
  type ScriptedServer,
  startScriptedServer,
} from '../../../support/servers/scriptedServer.ts';

const event = aReconcileEvent();
const reply = {
  specversion: '1.0',
  id: 'uid/7/io.zen-lead.leader.kept/LeaderFit',
  type: 'io.zen-lead.leader.kept',
  source: '/clusters/test',
  subject: event.subject,
  time: '2026-11-20T10:00:00.000Z',
  datacontenttype: 'application/json',
  data: {
    decision: 'kept',
    reason: 'LeaderFit',
    previous: null,
    leader: { name: 'db-0', uid: 'u' },
    epoch: 7,
    basis: 'event',
    recheckAfterMs: 1_500,
    carry: 'n=1',
  },
};
const withReply = json(reply, 200, { 'content-type': 'application/cloudevents+json; charset=utf-8' });
const signal = (): AbortSignal => AbortSignal.timeout(5_000);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function aSink(url: string, options: Partial<EventPosterOptions> = {}): Sink {
  const poster: EventPoster = createEventPoster({ url, now: Date.now, ...options });
  closers.push(() => poster.close());
  return createHttpSink(poster, parseReply, Date.now);
}

async function aServer(...answers: readonly Answer[]): Promise<ScriptedServer> {
  const server = await startScriptedServer(inOrder(...answers));
  closers.push(() => server.close());
  return server;
}

async function aFile(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'zen-lead-'));
  closers.push(() => rm(directory, { recursive: true }));
  const file = join(directory, 'token');
  await writeFile(file, text);
  return file;
}

describe('the request', () => {
  it('the request is a structured CloudEvent that a function reads, at the path and query of the sink', async () => {
    const server = await aServer(withReply);
    await aSink(`${server.url}/look?from=bridge`)(event, signal());
    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/look' });
    expect(request?.query.get('from')).toBe('bridge');
    const reconcile = parseReconcileEvent(parseEnvelope(request?.headers ?? {}, Buffer.from(request?.body ?? '')));
    expect(reconcile).toMatchObject({ id: event.id, type: event.type });
  });

  it('carries the extensions of K_CE_OVERRIDES, which cannot make another event of it', async () => {
    const server = await aServer(withReply);
    await aSink(server.url, { extensions: { team: 'data', id: 'mine', data: 'x' } })(event, signal());
    expect(JSON.parse(server.requests[0]?.body ?? '{}')).toEqual({ ...event, team: 'data' });
  });

  it('shows no Authorization without a token file, and the token with one', async () => {
    const server = await aServer(withReply, withReply);
    await aSink(server.url)(event, signal());
    await aSink(server.url, { tokenFile: await aFile('t0ken\n') })(event, signal());
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer t0ken']);
  });

  it('reads the token again when it is older than a minute', async () => {
    const server = await aServer(withReply, withReply, withReply);
    const tokenFile = await aFile('first');
    let now = 0;
    const sink = aSink(server.url, { tokenFile, now: () => now });
    await sink(event, signal());
    await writeFile(tokenFile, 'second');
    now = 59_999;
    await sink(event, signal());
    now = 60_000;
    await sink(event, signal());
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
    ]);
  });

  it('reads the token again on a 401, and sends once more where it is another one', async () => {
    const tokenFile = await aFile('old');
    const rotate: Answer = (_request, response) =>
      void writeFile(tokenFile, 'new').then(() => response.writeHead(401).end());
    const server = await aServer(rotate, withReply);
    expect((await aSink(server.url, { tokenFile })(event, signal())).status).toBe(200);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
  });

  it('leaves a 401 as it is where the file still holds the same token', async () => {
    const server = await aServer(json({}, 401));
    const sink = aSink(server.url, { tokenFile: await aFile('same') });
    expect((await sink(event, signal())).status).toBe(401);
    expect(server.requests).toHaveLength(1);
  });

  it('the request is not sent without the token that it needs', async () => {
    const server = await aServer(withReply);
    const error = await aSink(server.url, { tokenFile: '/does/not/exist' })(event, signal()).catch((e: unknown) => e);
    expect(codeOf(error)).toBe('SINK_UNREACHABLE');
    expect(String(error)).toContain('/does/not/exist');
    expect(server.requests).toEqual([]);
  });
});

describe('the answer', () => {
  it('the answer is the reply event of a function', async () => {
    const server = await aServer(withReply);
    const answer = await aSink(server.url)(event, signal());
    expect(answer).toMatchObject({ status: 200, reply: { type: reply.type, data: reply.data } });
    expect(answer.detail).toBeUndefined();
  });

  it('the answer is done and without a reply where a broker says 202', async () => {
    const server = await aServer((_request, response) => response.writeHead(202).end());
    expect(await aSink(server.url)(event, signal())).toEqual({ status: 202 });
  });

  it('the answer is done all the same where the reply cannot be read, and says so', async () => {
    const server = await aServer(json({ hello: 'world' }));
    const answer = await aSink(server.url)(event, signal());
    expect(answer.status).toBe(200);
    expect(answer.reply).toBeUndefined();
    expect(answer.detail).toMatch(/^the reply cannot be read: /);
  });

  it.each([
    ['2', 2_000],
    [new Date(Date.now() + 60_000).toUTCString(), expect.toSatisfy((ms: number) => ms > 55_000 && ms <= 60_000)],
    ['soon', undefined],
  ])('the answer has Retry-After: %s', async (header, retryAfterMs) => {
    const server = await aServer(json({ code: 'BUSY', message: 'busy' }, 503, { 'retry-after': header }));
    const answer = await aSink(server.url)(event, signal());
    expect(answer).toMatchObject({ status: 503, detail: '{"code":"BUSY","message":"busy"}' });
    expect(answer.retryAfterMs).toEqual(retryAfterMs);
  });

  const tooLarge: Answer = (_request, response) =>
    response
      .writeHead(response.statusCode, { 'content-type': 'application/json', 'retry-after': '2' })
      .end('x'.repeat(8 * 1024 * 1024 + 1));
  it.each([
    [200, {}],
    [413, { retryAfterMs: 2_000 }],
    [503, { retryAfterMs: 2_000 }],
  ])('counts by its status %i and its headers where its body is too large to read', async (statusCode, rest) => {
    const server = await aServer((request, response) => tooLarge(request, Object.assign(response, { statusCode })));
    const answer = await aSink(server.url)(event, signal());
    expect(answer).toEqual({ status: statusCode, detail: expect.stringContaining('larger than 8388608'), ...rest });
  });

  it('keeps no more of an error page than an operator reads', async () => {
    const server = await aServer((_request, response) => response.writeHead(502).end('x'.repeat(100_000)));
    expect((await aSink(server.url)(event, signal())).detail).toHaveLength(1_024);
  });
});

describe('no answer', () => {
  const codeFor = async (url: string, given = signal()): Promise<unknown> =>
    codeOf(await aSink(url)(event, given).catch((error: unknown) => error));

  it('the failure is SINK_UNREACHABLE where no process listens: nothing was sent', async () => {
    const server = await startScriptedServer(() => undefined);
    await server.close();
    expect(await codeFor(server.url)).toBe('SINK_UNREACHABLE');
  });

  it('the failure is SINK_UNAVAILABLE where the connection is reset after the event was sent', async () => {
    const server = await aServer((_request, response) => response.socket?.resetAndDestroy());
    expect(await codeFor(server.url)).toBe('SINK_UNAVAILABLE');
  });

  it('the failure is SINK_UNAVAILABLE where the connection ends in the middle of the reply', async () => {
    const server = await aServer((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{');
      response.socket?.destroySoon();
    });
    expect(await codeFor(server.url)).toBe('SINK_UNAVAILABLE');
  });

  it('the failure is the caller’s reason where the caller gives up on a sink that accepts and says nothing', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const abort = new AbortController();
    const code = codeFor(`http://127.0.0.1:${port}`, abort.signal);
    setTimeout(() => abort.abort(), 50);
    expect(await code).toBe('ABORTED');
    silent.close();
  });
});

describe('the scope of a refusal', () => {
  it.each([
    ['is read', { code: 'KUBE_FORBIDDEN', message: 'exceeded quota', scope: 'service' }, 'service'],
    ['is read', { code: 'KUBE_TIMEOUT', message: 'no answer', scope: 'function' }, 'function'],
    ['is absent where it is unknown', { scope: 'galaxy' }, undefined],
    ['is absent where it is no text', { scope: ['service'] }, undefined],
    ['is absent in a body of another shape', 'service', undefined],
    ['is absent in a body that is too large to parse', { message: 'x'.repeat(70_000), scope: 'service' }, undefined],
  ])('%s: %#', async (_, body, scope) => {
    const server = await aServer(json(body, 503));
    const answer = await aSink(server.url)(event, signal());
    expect(answer.status).toBe(503);
    expect(answer.scope).toBe(scope);
  });

  it('the scope of a refusal is absent where a proxy answers with a page', async () => {
    const server = await aServer((_request, response) =>
      response.writeHead(503).end('<html>upstream connect error</html>'),
    );
    expect((await aSink(server.url)(event, signal())).scope).toBeUndefined();
  });
});
