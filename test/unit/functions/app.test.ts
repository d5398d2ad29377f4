import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { batchContentType } from '../../../lib/events/batch.ts';
import { parseEnvelope } from '../../../lib/events/envelope.ts';
import { parseReply } from '../../../lib/events/parseReply.ts';
import type { ReplyEvent } from '../../../lib/events/reply.ts';
import { putPod, putService, routedPod } from '../../support/objects/aNamespace.ts';
import { aReconcileEvent, aSnapshot, binary, structured } from '../../support/objects/anEvent.ts';
import { dripInto } from '../../support/servers/dripInto.ts';
import { failure } from '../../support/servers/fakeApi.ts';
import { startServer, type TestServer } from '../../support/servers/functionsServer.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer();
  putService(server.fake);
  putPod(server.fake, 'db-0');
  putPod(server.fake, 'db-1');
});
afterEach(() => server.close());

const type = { 'content-type': 'application/cloudevents+json' };
const send = (event: object, signal?: AbortSignal): Promise<Response> => {
  const { headers, body } = structured(event);
  return server.post(headers, body, signal);
};
const replyOf = async (response: Response): Promise<ReplyEvent> =>
  parseReply(parseEnvelope(Object.fromEntries(response.headers), Buffer.from(await response.arrayBuffer())));

describe('a batch', () => {
  const post = (events: readonly object[]): Promise<Response> =>
    server.post({ 'content-type': batchContentType }, JSON.stringify(events));

  it('a batch is answered with the reply to each event, in their order', async () => {
    const response = await post([aReconcileEvent(), aReconcileEvent()]);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain(batchContentType);
    const replies = (await response.json()) as readonly { readonly type: string }[];
    // The second one finds what the first one did.
    expect(replies.map(({ type }) => type)).toEqual(['io.zen-lead.leader.elected', 'io.zen-lead.leader.kept']);
  });

  it('a batch that asks for nothing is answered with 204', async () => {
    expect((await post([])).status).toBe(204);
    expect(server.fake.requests).toEqual([]);
  });

  it('a batch whose first event must be sent again is answered as that event, and handles no other', async () => {
    server.fake.before = ({ method }) => (method === 'GET' ? undefined : failure(503, 'ServiceUnavailable'));
    const other = { ...aReconcileEvent(), subject: 'namespaces/shop/services/other' };
    const response = await post([aReconcileEvent(), other]);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).not.toBeNull();
    expect(JSON.stringify(server.fake.requests)).not.toContain('other');
  });
});

describe('schemas', () => {
  it('serves the JSON Schemas of the repository without a token, and names them', async () => {
    const { schemas } = (await (await fetch(`${server.functions.url}/schemas`)).json()) as { schemas: string[] };
    expect(schemas).toEqual(['/schemas/reconcile.v1.json', '/schemas/reply.v1.json']);
    for (const path of schemas) {
      const response = await fetch(new URL(path, server.functions.url));
      expect(response.headers.get('content-type')).toContain('application/schema+json');
      expect(await response.text()).toBe(readFileSync(new URL(`../../..${path}`, import.meta.url), 'utf8'));
    }
  });

  it('answers 404 for another one, and says which there are', async () => {
    const response = await fetch(new URL('/schemas/x.json', server.functions.url));
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      code: 'PATH_UNKNOWN',
      message: expect.stringContaining('reply.v1.json'),
    });
  });
});

describe('limits of an operator', () => {
  it('a body beyond --body-limit-bytes is refused with 413, and one within it is read', async () => {
    await server.close();
    server = await startServer({ bodyLimitBytes: 70_000 });
    const longer = (length: number) => JSON.stringify({ ...aReconcileEvent(), note: 'x'.repeat(length) });
    expect((await server.post(type, longer(70_000))).status).toBe(413);
    expect((await server.post(type, longer(60_000))).status).toBe(200);
  });

  it('one connection more than --max-connections is closed, and nothing of it is read', async () => {
    await server.close();
    server = await startServer({ maxConnections: 1 });
    const [kept, closed] = [connect(server.functions.port, '127.0.0.1'), connect(server.functions.port, '127.0.0.1')];
    let answer = '';
    closed.on('data', (data) => {
      answer += String(data);
    });
    closed.on('error', () => {}); // a reset, where it was sent something
    await once(closed, 'close');
    expect(answer).toBe('');
    expect(kept.closed).toBe(false);
    kept.destroy();
  });

  it('one Service more than --max-hints is answered with 429', async () => {
    await server.close();
    server = await startServer({ maxHints: 1 });
    putService(server.fake);
    let release = () => {};
    const held = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    server.fake.before = () => held;
    const first = send(aReconcileEvent());
    await expect.poll(() => server.fake.requests.length, { message: 'the first one reads' }).toBeGreaterThan(0);
    const second = await send({ ...aReconcileEvent(), subject: 'namespaces/shop/services/other' });
    expect(second.status).toBe(429);
    release();
    expect((await first).status).toBe(200);
  });
});

describe('POST /', () => {
  it('answers an event in either mode with what was decided, as an event', async () => {
    const first = await send(aReconcileEvent());
    expect(first.status).toBe(200);
    expect(await replyOf(first)).toMatchObject({
      type: 'io.zen-lead.leader.elected',
      data: { leader: { name: 'db-0' } },
    });
    const { headers, body } = binary({ ...aReconcileEvent(), type: 'io.zen-lead.service.resync' });
    const second = await server.post(headers, body);
    expect(await replyOf(second)).toMatchObject({ type: 'io.zen-lead.leader.kept', source: '/clusters/test' });
  });

  it('takes every event as a hint while no sender is configured, whatever Authorization says', async () => {
    const event = aReconcileEvent({
      data: { ...aReconcileEvent().data, deadline: Date.now() + 60_000, snapshot: aSnapshot() },
    });
    const { headers, body } = structured(event);
    const response = await server.post({ ...headers, authorization: 'Bearer nonsense' }, body);
    expect((await replyOf(response)).data).toMatchObject({ basis: 'read', leader: { name: 'db-0' } });
  });

  const minimal = {
    specversion: '1.0',
    id: 'a',
    source: '/s',
    type: 'io.zen-lead.pod.added',
    subject: 'namespaces/shop/services/db',
  };
  const text = JSON.stringify(minimal);
  const withData = (data: string): string => `${text.slice(0, -1)},"data":${data}}`;
  it.each<
    [
      name: string,
      status: number,
      code: string,
      path: string | undefined,
      headers: Record<string, string>,
      body: string | Buffer,
    ]
  >([
    ['no event at all', 415, 'INPUT_UNSUPPORTED', 'content-type', { 'content-type': 'application/json' }, '{}'],
    ['nothing', 400, 'INPUT_INVALID', 'body', type, ''],
    ['a subject that is none', 400, 'INPUT_INVALID', 'subject', type, JSON.stringify({ ...minimal, subject: 'db' })],
    [
      'a type that is not ours',
      400,
      'INPUT_INVALID',
      'type',
      type,
      JSON.stringify({ ...minimal, type: 'com.example' }),
    ],
    ['a missing id', 400, 'INPUT_INVALID', 'id', type, JSON.stringify({ ...minimal, id: undefined })],
    ['257 KiB', 413, 'INPUT_TOO_LARGE', 'body', type, withData(JSON.stringify('x'.repeat(257 * 1024)))],
    [
      '100,000 candidates',
      413,
      'INPUT_TOO_LARGE',
      'body',
      type,
      withData(JSON.stringify(Array(100_000).fill({ name: 'x' }))),
    ],
    ['a depth bomb', 400, 'INPUT_INVALID', 'body', type, `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['__proto__', 400, 'INPUT_INVALID', '"__proto__"', type, `${text.slice(0, -1)},"__proto__":{"polluted":true}}`],
    [
      'constructor.prototype',
      400,
      'INPUT_INVALID',
      'constructor',
      type,
      `${text.slice(0, -1)},"constructor":{"prototype":{"polluted":true}}}`,
    ],
    ['NaN', 400, 'INPUT_INVALID', 'body', type, withData('NaN')],
    ['a byte order mark', 400, 'INPUT_INVALID', 'body', type, `\ufeff${text}`],
    [
      'gzip',
      415,
      'INPUT_UNSUPPORTED',
      'content-encoding',
      { ...type, 'content-encoding': 'gzip' },
      Buffer.from([0x1f, 0x8b]),
    ],
    ['a batch that is one event', 400, 'INPUT_INVALID', 'body', { 'content-type': batchContentType }, text],
    [
      'a batch whose second event has no id',
      400,
      'INPUT_INVALID',
      'body[1].id',
      { 'content-type': batchContentType },
      `[${text},${JSON.stringify({ ...aReconcileEvent(), id: undefined })}]`,
    ],
    [
      'a batch that reaches a prototype',
      400,
      'INPUT_INVALID',
      undefined,
      { 'content-type': batchContentType },
      `[${text.slice(0, -1)},"constructor":{"prototype":{"polluted":true}}}]`,
    ],
    ['a batch of 65', 400, 'INPUT_INVALID', 'body', { 'content-type': batchContentType }, `[${Array(65).fill('{}')}]`],
    ['a content type that is none', 415, 'INPUT_UNSUPPORTED', 'content-type', { 'content-type': ';;' }, text],
  ])('refuses %s with %i, changes nothing and goes on serving', async (_name, status, code, path, headers, body) => {
    const response = await server.post(headers, body);
    expect(response.status).toBe(status);
    const answer = await response.json();
    expect(answer).toMatchObject({ code, message: expect.any(String), ...(path !== undefined && { path }) });
    expect(server.fake.requests).toEqual([]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(await server.metrics.registry.metrics()).toContain(`zen_lead_refused_requests_total{code="${code}"} 1`);
    expect((await send(aReconcileEvent())).status).toBe(200);
  });

  it('refuses a header that is given twice', async () => {
    const { headers } = binary(minimal);
    const lines = [...Object.entries(headers), ['ce-id', 'b']].map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const socket = connect(server.functions.port, '127.0.0.1');
    socket.end(`POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n${lines}\r\n{}`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('ce-id');
  });

  it('answers one of our own replies with 204 and does nothing', async () => {
    const response = await send({ specversion: '1.0', id: 'a', source: '/s', type: 'io.zen-lead.leader.elected' });
    expect([response.status, await response.text(), server.fake.requests]).toEqual([204, '', []]);
  });

  it('answers 200 for a Service that is not there', async () => {
    const response = await send(aReconcileEvent({ subject: 'namespaces/shop/services/none' }));
    expect(await replyOf(response)).toMatchObject({ type: 'io.zen-lead.leader.lost', data: { reason: 'SourceGone' } });
  });

  it.each([
    ['a conflict without end', 409, 'Conflict', '1'],
    ['a busy API server', 429, 'TooManyRequests', '1'],
    ['an API server that fails', 500, 'InternalError', '1'],
    ['a write that is forbidden', 403, 'Forbidden', '1'],
    ['an object that is refused', 422, 'Invalid', '1'],
  ])('answers 503 with Retry-After for %s, never 404, 409 or 500', async (_name, status, reason, retryAfter) => {
    server.fake.before = ({ method }) => (method === 'GET' ? undefined : failure(status, reason));
    const response = await send(aReconcileEvent());
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, retryAfter]);
    expect(await response.json()).toMatchObject({ code: expect.stringMatching(/^KUBE_/) });
  });

  it('reads once for the hints that come while it reads, and once more', async () => {
    // Making a slice takes a reading of its own.
    await send(aReconcileEvent());
    server.fake.requests.length = 0;
    const gate = Promise.withResolvers<undefined>();
    server.fake.before = ({ path }) => (path.endsWith('/endpointslices') ? gate.promise : undefined);
    const arrivedBefore = server.arrived();
    const answers = Array.from({ length: 10 }, () => send(aReconcileEvent()));
    await expect.poll(() => server.arrived() - arrivedBefore, { message: 'the hints that have arrived' }).toBe(10);
    // What has arrived is parsed before it asks for the read.
    for (let turns = 0; turns < 20; turns += 1) await turn();
    gate.resolve(undefined);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(server.fake.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/pods'))).toHaveLength(
      2,
    );
  });

  it('stops when its caller has gone', async () => {
    const reached = Promise.withResolvers<void>();
    const reading = Promise.withResolvers<undefined>();
    server.fake.before = ({ path }) => {
      if (!path.endsWith('/endpointslices')) return undefined;
      reached.resolve();
      return reading.promise;
    };
    const readsOfPods = (): number => server.fake.requests.filter(({ path }) => path.endsWith('/pods')).length;
    const caller = new AbortController();
    const answer = send(aReconcileEvent(), caller.signal);
    await reached.promise;
    caller.abort();
    await expect(answer).rejects.toThrow();
    await expect.poll(server.gone, { message: 'callers that have gone' }).toBe(1);
    reading.resolve(undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(readsOfPods()).toBe(0); // they come after the slices
    expect(server.fake.writes()).toEqual([]);
  });
});

describe('events of a Knative ApiServerSource', () => {
  it.each(['resource', 'reference'])('make a leader, fail it over and follow its deletion (%s mode)', async (mode) => {
    const lines = readFileSync(new URL(`../../fixtures/apiserversource-${mode}.jsonl`, import.meta.url), 'utf8')
      .trim()
      .split('\n');
    const replay = async (line: string | undefined): Promise<number> => {
      const { headers, body } = JSON.parse(line ?? '') as { headers: Record<string, string>; body: object };
      const rename = (text: string): string => text.replaceAll(`namespaces/${mode}/`, 'namespaces/shop/');
      const response = await server.post(
        { ...headers, 'ce-subject': rename(headers['ce-subject'] ?? '') },
        JSON.stringify(body),
      );
      return response.status;
    };
    expect(await replay(lines[1])).toBe(200); // db-0 becomes Ready
    expect(routedPod(server.fake)).toBe('db-0');
    putPod(server.fake, 'db-0', { ready: false });
    expect(await replay(lines[5])).toBe(200);
    expect(routedPod(server.fake)).toBe('db-1');
    server.fake.remove('pods', 'db-1');
    const gone = (lines[7] ?? '').replaceAll('pods/db-0', 'pods/db-1');
    // no such pod any more: it concerns the Service that routes to its name
    expect(await replay(gone)).toBe(200);
    expect(routedPod(server.fake)).toBeNull();
  });

  it('an ApiServerSource event about a pod that no Service selects or routes to reads once and writes nothing', async () => {
    putPod(server.fake, 'web-1', { labels: { app: 'web' } });
    const event = {
      specversion: '1.0',
      id: 'a',
      source: '/s',
      type: 'dev.knative.apiserver.ref.update',
      subject: '/apis/v1/namespaces/shop/pods/web-1',
    };
    const response = await send(event);
    expect([response.status, await response.text(), server.fake.writes()]).toEqual([204, '', []]);
    expect(server.fake.requests).toHaveLength(3);
  });

  it('an ApiServerSource event about a kind that concerns no Service is answered without reading', async () => {
    const event = {
      specversion: '1.0',
      id: 'a',
      source: '/s',
      type: 'dev.knative.apiserver.ref.update',
      subject: '/apis/apps/v1/namespaces/shop/deployments/x',
    };
    expect([(await send(event)).status, server.fake.requests]).toEqual([204, []]);
  });
});

describe('the rest of the server', () => {
  it('agrees to the CloudEvents webhook handshake with every sender', async () => {
    const asked = await fetch(server.functions.url, {
      method: 'OPTIONS',
      headers: { 'webhook-request-origin': 'events.example.com', 'webhook-request-rate': '120' },
    });
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'webhook-allowed-origin': 'events.example.com',
      'webhook-allowed-rate': '*',
      allow: 'POST, OPTIONS',
    });
    const plain = await fetch(server.functions.url, { method: 'OPTIONS' });
    expect(plain.headers.has('webhook-allowed-origin')).toBe(false);
  });

  it.each(['GET', 'PUT', 'PATCH', 'DELETE'])('says to %s on / which methods there are', async (method) => {
    const response = await fetch(server.functions.url, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST, OPTIONS');
    expect(await response.json()).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
      message: expect.stringContaining(method),
    });
  });

  it('the server has probes and metrics', async () => {
    const read = async (path: string) => {
      const response = await fetch(`${server.functions.url}${path}`);
      return [response.status, await response.text()] as const;
    };
    expect(await read('/livez')).toEqual([200, 'ok\n']);
    expect(await read('/readyz')).toEqual([200, 'ok\n']);
    expect((await read('/metrics'))[1]).toContain('zen_lead_reconciliations_total');
  });

  it('finishes what is in flight when it closes, and takes nothing new', async () => {
    const reached = Promise.withResolvers<void>();
    server.fake.before = ({ path }) => {
      if (!path.endsWith('/endpointslices')) return undefined;
      reached.resolve();
      return new Promise((resolve) => setTimeout(resolve, 100, undefined));
    };
    const answer = send(aReconcileEvent());
    await reached.promise;
    const closed = server.functions.close();
    expect((await answer).status).toBe(200);
    await closed;
    await expect(send(aReconcileEvent())).rejects.toThrow();
    expect(routedPod(server.fake)).toBe('db-0');
  });

  it.each([
    ['headers', 'POST / HTTP/1.1\r\nhost: x\r\n', 'x: y\r\n'],
    ['a body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n', ' '],
  ])('cuts off who sends %s byte by byte, and calls that no defect', async (_name, start, more) => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const hurried = await startServer({ receiveTimeoutMs: 200, log });
    try {
      expect(await dripInto(hurried.functions.port, start, more)).toMatch(/^HTTP\/1\.1 408 /);
    } finally {
      await hurried.close();
    }
    expect(lines).toEqual([]);
  });

  it('does not wait for ever when it closes', async () => {
    const impatient = await startServer({ drainTimeoutMs: 50 });
    impatient.fake.before = () => new Promise<undefined>(() => undefined);
    const { headers, body } = structured(aReconcileEvent());
    const answer = impatient.post(headers, body);
    answer.catch(() => undefined);
    await expect.poll(() => impatient.fake.requests.length, { message: 'the read that has begun' }).toBeGreaterThan(0);
    await impatient.close();
    await expect(answer).rejects.toThrow();
  });
});
