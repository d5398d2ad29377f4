import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { parseEnvelope } from '../../../lib/events/envelope.ts';
import { parseEvent } from '../../../lib/events/parseEvent.ts';
import { putPod, putService, routedPod } from '../../support/objects/aNamespace.ts';
import { aReconcileEvent, binary, type Message, structured } from '../../support/objects/anEvent.ts';
import { dripInto } from '../../support/servers/dripInto.ts';
import { startHarness } from '../../support/servers/functionsHarness.ts';
import { startServer, type TestServer } from '../../support/servers/functionsServer.ts';
import { parseAnswer, sendRaw } from '../../support/servers/sendRaw.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer();
  putService(server.fake);
  putPod(server.fake, 'db-0');
});
afterEach(() => server.close());

const { data: _, datacontenttype: __, ...attributes } = aReconcileEvent();
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const inStructured = (members: object): Message => structured({ ...attributes, ...members });
const withText = (member: string): Message => ({
  ...structured({}),
  body: Buffer.from(`${JSON.stringify(attributes).slice(0, -1)},${member}}`),
});
const inBinary = (contentType: string | undefined, body: string | Buffer): Message => {
  const { 'content-type': _, ...headers } = binary(attributes).headers;
  return {
    headers: { ...headers, ...(contentType !== undefined && { 'content-type': contentType }) },
    body: Buffer.from(body),
  };
};

describe('data that cannot be read, under an envelope that can', () => {
  it.each<[name: string, message: Message]>([
    ['data_base64 without datacontenttype', inStructured({ data_base64: base64('<xml/>') })],
    ['data_base64 that is not base64', inStructured({ data_base64: '?' })],
    ['data_base64 that is not text', inStructured({ data_base64: 7 })],
    ['data_base64 of half a JSON', inStructured({ datacontenttype: 'application/json', data_base64: base64('{') })],
    [
      'data_base64 that reaches a prototype',
      inStructured({ datacontenttype: 'application/json', data_base64: base64('{"__proto__":{}}') }),
    ],
    [
      'data in latin-1',
      inStructured({ datacontenttype: 'application/json; charset=iso-8859-1', data_base64: base64('{}') }),
    ],
    ['data that reaches a prototype', withText('"data":{"__proto__":{"polluted":true}}')],
    ['data that is nested too deep', withText(`"data":${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
    ['data as the schema does not say', inStructured({ data: { change: 'x' } })],
    ['data that is XML', inStructured({ datacontenttype: 'text/xml', data: '<xml/>' })],
    ['a body of half a JSON', inBinary('application/json', '{')],
    ['a body with a byte order mark', inBinary('application/json', '\ufeff{}')],
    ['a body that is not UTF-8', inBinary('application/json', Buffer.from([0xc3, 0x28]))],
    ['a body in latin-1', inBinary('application/json; charset=iso-8859-1', '{}')],
    ['a body that reaches a prototype', inBinary('application/json', '{"__proto__":{"polluted":true}}')],
    ['a body that is nested too deep', inBinary('application/json', `${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
    ['a body that is XML', inBinary('text/xml', '<xml/>')],
    ['a body of no stated type', inBinary(undefined, '{}')],
  ])('data that cannot be read, under an envelope that can, is a hint: %s', async (_name, { headers, body }) => {
    const response = await server.post(headers, body);
    expect([response.status, await response.json()]).toMatchObject([200, { data: { basis: 'read' } }]);
    expect(routedPod(server.fake)).toBe('db-0');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(await server.metrics.registry.metrics()).toContain('zen_lead_hints_total{reason="untrusted"} 1');
  });

  it('data that cannot be read, under an envelope that can, is counted as unreadable where the sender is trusted', async () => {
    const harness = await startHarness();
    onTestFinished(() => harness.fake.close());
    const { headers, body } = inStructured({ data_base64: base64('<xml/>') });
    const event = parseEvent(parseEnvelope(headers, body));
    if (event.kind !== 'reconcile') throw new Error(event.kind);
    await harness.reconciler.reconcile(event, true, AbortSignal.timeout(5_000));
    expect(await harness.metrics.registry.metrics()).toContain('zen_lead_hints_total{reason="unreadable"} 1');
  });
});

describe('an event of 64 KiB', () => {
  it('an event of 64 KiB is accepted with an extension attribute of 60,000 characters', async () => {
    const { headers, body } = structured({ ...aReconcileEvent(), data: undefined, note: 'x'.repeat(60_000) });
    expect((await server.post(headers, body)).status).toBe(200);
  });

  it('an event of 64 KiB is accepted with 60,000 characters of headers', async () => {
    const { headers, body } = inBinary('application/json', '{}');
    const notes = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`ce-note${at}`, 'x'.repeat(5_000)]));
    expect((await server.post({ ...headers, ...notes }, body)).status).toBe(200);
  });
});

describe('an answer without a body', () => {
  const withoutReply = { specversion: '1.0', id: 'a', source: '/s' };
  it.each([
    ['a reply of zen-lead', { type: 'io.zen-lead.leader.elected' }],
    [
      'an object of another kind',
      { type: 'dev.knative.apiserver.ref.update', subject: '/apis/apps/v1/namespaces/shop/deployments/x' },
    ],
    [
      'a pod that concerns no Service',
      { type: 'dev.knative.apiserver.ref.update', subject: '/apis/v1/namespaces/shop/pods/web' },
    ],
  ])('an answer without a body is 204: %s', async (_name, event) => {
    const { headers, body } = structured({ ...withoutReply, ...event });
    const response = await server.post(headers, body);
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it('an answer without a body is 204: a pod that concerns two Services', async () => {
    server.fake.put('services', {
      ...putService(server.fake),
      metadata: { name: 'other', annotations: { 'zen-lead.io/enabled': 'true' } },
    });
    const event = { type: 'dev.knative.apiserver.ref.update', subject: '/apis/v1/namespaces/shop/pods/db-0' };
    const { headers, body } = structured({ ...withoutReply, ...event });
    const response = await server.post(headers, body);
    expect([response.status, await response.text()]).toEqual([204, '']);
    const written = server.fake.writes().join('\n');
    expect(written).toContain('db-leader-ipv4');
    expect(written).toContain('other-leader-ipv4');
  });
});

describe('a content type that is not understood', () => {
  const event = JSON.stringify(aReconcileEvent());
  it.each([
    ['application/json', '{}'],
    ['text/plain', 'hello'],
    [';;', event],
    ['application/cloudevents', event],
    ['application/cloudevents+avro', event],
    ['application/cloudevents-batch+avro', `[${event}]`],
    ['application/cloudevents+json; charset=iso-8859-1', event],
  ])('a content type that is not understood is 415: %s', async (contentType, body) => {
    const response = await server.post({ 'content-type': contentType }, body);
    expect([response.status, await response.json()]).toMatchObject([
      415,
      { code: 'INPUT_UNSUPPORTED', path: 'content-type', message: expect.stringMatching(/^content-type: /) },
    ]);
  });
});

describe('a token in the query', () => {
  const url = (query: string): string => `${server.functions.url}/?${query}`;
  const post = (query: string, headers: Record<string, string> = {}): Promise<Response> => {
    const message = structured(aReconcileEvent());
    return fetch(url(query), {
      method: 'POST',
      headers: { ...message.headers, ...headers },
      body: new Uint8Array(message.body),
    });
  };

  it.each(['access_token=x', 'a=b&access_token=', 'access%5Ftoken=x'])(
    'a token in the query is refused: ?%s',
    async (query) => {
      const response = await post(query);
      expect([response.status, response.headers.get('www-authenticate'), await response.json()]).toMatchObject([
        401,
        'Bearer',
        { code: 'UNAUTHENTICATED', path: 'access_token', message: expect.stringContaining('Authorization') },
      ]);
      expect(server.fake.requests).toEqual([]);
    },
  );

  it('a token in the query is refused beside a token in the header, and other parameters pass', async () => {
    expect((await post('access_token=x', { authorization: 'Bearer x' })).status).toBe(401);
    expect((await post('a=access_token')).status).toBe(200);
  });
});

describe('every answer but 200 and 204 has the documented body', () => {
  const event = structured(aReconcileEvent());
  const post = (headers: string): string =>
    `POST / HTTP/1.1\r\n${headers}content-length: ${event.body.length}\r\ncontent-type: application/cloudevents+json\r\n\r\n${event.body}`;
  const close = 'host: x\r\nconnection: close\r\n';

  it.each<[name: string, request: string, status: number, code: string, path: string]>([
    ['a GET of another path', `GET /else HTTP/1.1\r\n${close}\r\n`, 404, 'PATH_UNKNOWN', 'url'],
    ['a GET of where events go', `GET /?x HTTP/1.1\r\n${close}\r\n`, 405, 'METHOD_NOT_ALLOWED', 'method'],
    ['another method', `PUT / HTTP/1.1\r\n${close}\r\n`, 405, 'METHOD_NOT_ALLOWED', 'method'],
    ['a method that few know', `REPORT / HTTP/1.1\r\n${close}\r\n`, 405, 'METHOD_NOT_ALLOWED', 'method'],
    ['another method on a probe', `PUT /livez HTTP/1.1\r\n${close}\r\n`, 405, 'METHOD_NOT_ALLOWED', 'method'],
    ['a path with half a character', `POST /%FF HTTP/1.1\r\n${close}\r\n`, 400, 'INPUT_INVALID', 'url'],
    ['a path with half an escape', `GET /%2 HTTP/1.1\r\n${close}\r\n`, 400, 'INPUT_INVALID', 'url'],
    ['no HTTP', 'hello\r\n\r\n', 400, 'INPUT_INVALID', 'request'],
    ['a header without a name', `POST / HTTP/1.1\r\nhost: x\r\n: y\r\n\r\n`, 400, 'INPUT_INVALID', 'request'],
    ['two lengths', post(`${close}content-length: 1\r\n`), 400, 'INPUT_INVALID', 'request'],
    ['no host', post('connection: close\r\n'), 400, 'INPUT_INVALID', 'host'],
    [
      'headers of 100,000 characters',
      `POST / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`,
      431,
      'HEADERS_TOO_LARGE',
      'headers',
    ],
    [
      'a body without an end',
      `POST / HTTP/1.1\r\n${close}transfer-encoding: chunked\r\n\r\nx\r\n`,
      400,
      'INPUT_INVALID',
      'request',
    ],
  ])('%s', async (_name, request, status, code, path) => {
    const answer = await sendRaw(server.functions.port, request);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/json']);
    expect(JSON.parse(answer.body)).toEqual({ code, path, message: expect.stringMatching(/^[a-z]+: /) });
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(answer.body)));
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/^(?:POST, OPTIONS|GET, HEAD, POST, OPTIONS)$/);
    expect(await server.metrics.registry.metrics()).toContain(`zen_lead_refused_requests_total{code="${code}"} 1`);
  });

  it.each([
    ['headers', 'POST / HTTP/1.1\r\nhost: x\r\n', 'x: y\r\n'],
    ['a body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n', ' '],
  ])('%s that come byte by byte', async (_name, start, more) => {
    const hurried = await startServer({ receiveTimeoutMs: 200 });
    try {
      const answer = parseAnswer(await dripInto(hurried.functions.port, start, more));
      expect([answer.status, JSON.parse(answer.body)]).toEqual([
        408,
        { code: 'REQUEST_TIMEOUT', path: 'request', message: expect.stringContaining('200 ms') },
      ]);
    } finally {
      await hurried.close();
    }
  });

  it('leaves out what it was asked to expect and cannot give', async () => {
    const { status } = await sendRaw(server.functions.port, post(`${close}expect: a-miracle\r\n`));
    expect(status).toBe(200);
  });
});

describe('a path', () => {
  it.each(['/events', '/a/b/c', '/%C3%A9', '/events?x=y'])('takes an event, as / does: %s', async (path) => {
    const { headers, body } = structured(aReconcileEvent());
    const response = await fetch(server.functions.url + path, { method: 'POST', headers, body: new Uint8Array(body) });
    expect(response.status).toBe(200);
    const asked = await fetch(server.functions.url + path, {
      method: 'OPTIONS',
      headers: { 'webhook-request-origin': 'x' },
    });
    expect(asked.headers.get('webhook-allowed-origin')).toBe('x');
  });
});
