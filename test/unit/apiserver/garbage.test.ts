import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';

describe('garbage', () => {
  let server: EmbeddedApiServer;
  beforeAll(async () => {
    server = await startApiServer();
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db' }, spec: { ports: [{ port: 80 }] } };
    server.objects.create(service);
  });
  afterAll(() => server.close());

  const ask = async (method: string, path: string, body: string, contentType = 'application/json') => {
    const hasBody = method !== 'GET';
    const answer = await fetch(`${server.url}${path}`, {
      method,
      headers: { 'content-type': contentType },
      signal: AbortSignal.timeout(5000),
      ...(hasBody ? { body } : {}),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const isAlive = async () => expect((await ask('GET', '/readyz', '')).status).toBe(200);

  it('garbage is answered with a Status below 500, whatever the body of a request is', async () => {
    const path = '/api/v1/namespaces/default/services';
    const form = fc.constantFrom(
      ['POST', path, 'application/json'],
      ['PUT', `${path}/db`, 'application/json'],
      ['PATCH', `${path}/db`, 'application/merge-patch+json'],
      ['PATCH', `${path}/db`, 'application/json-patch+json'],
      ['DELETE', `${path}/none`, 'application/json'],
    );
    const property = fc.asyncProperty(form, fc.json({ maxDepth: 4 }), async ([method = '', at = '', type], body) => {
      const { status, text } = await ask(method, at, body, type);
      expect(status, text).toBeLessThan(500);
      expect(JSON.parse(text)).toHaveProperty('kind');
    });
    await fc.assert(property, { numRuns: 200 });
    await isAlive();
  });

  it('never ends it, however deep an object is', async () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
    const { status } = await ask(
      'PATCH',
      '/api/v1/namespaces/default/services/db',
      deep,
      'application/merge-patch+json',
    );
    expect(status).toBeGreaterThanOrEqual(400);
    await isAlive();
  });

  it('leaves no mark on the prototype of objects', async () => {
    const body =
      '{"metadata":{"labels":{"__proto__":"x"}},"__proto__":{"polluted":1},"spec":{"__proto__":{"polluted":1}}}';
    await ask('PATCH', '/api/v1/namespaces/default/services/db', body, 'application/merge-patch+json');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('refuses a body of more than 3 MiB', async () => {
    const body = JSON.stringify({ data: { big: 'x'.repeat(3 * 1024 * 1024) } });
    const answer = await ask('POST', '/api/v1/namespaces/default/configmaps', body);
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', reason: 'RequestEntityTooLarge' });
    await isAlive();
  });

  it.each(['/api/v1/namespaces/%ff/pods', '//', '/api/v1/pods/a/b/c', '/apis/%2e%2e/x', '/api/v1/pods?limit=%zz'])(
    'gets an answer under %s',
    async (path) => {
      expect((await ask('GET', path, '')).status).toBeLessThan(500);
    },
  );

  it('ends the watch of a client that does not read', async () => {
    const socket = connect(server.port, '127.0.0.1');
    const isClosed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.write(`GET /api/v1/configmaps?watch=1&resourceVersion=${server.revision()} HTTP/1.1\r\nHost: x\r\n\r\n`);
    // it stands; nothing is read from now on
    await new Promise((resolve) => socket.once('readable', resolve));
    server.objects.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' } });
    const ref = { resource: 'configmaps', namespace: 'default', name: 'big' };
    const big = 'x'.repeat(1024 * 1024);
    for (let index = 0; index < 40; index += 1) server.objects.patch(ref, { data: { big: `${index}${big}` } });
    socket.resume();
    await isClosed;
    await isAlive();
  });

  it('garbage gets past no socket', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.end('\u0000\u0001 garbage \r\n\r\n'));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      socket.resume();
    });
    await isAlive();
  });
});
