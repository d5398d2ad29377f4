import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apiOpenApi } from '../../../api/apiOpenApi.ts';
import type { Reviewer, Right } from '../../../api/auth/reviewer.ts';
import { ZenLeadError } from '../../../lib/errors.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { anApiApp as anApp, aReviewer, user } from '../../support/objects/anApiApp.ts';
import { aPod } from '../../support/objects/builders.ts';

const POOL = '/v1/leader/pool/postgres.shop';
const good = { authorization: 'Bearer good' };

describe('GET /v1/leader/pool', () => {
  it('says who leads, and why each member may or may not', async () => {
    const { get, put } = anApp();
    put(aPod({ name: 'postgres-2', ips: ['10.0.0.3'], ready: false }));
    const { statusCode, headers, body } = await get(POOL);
    expect({ statusCode, etag: headers['etag'] }).toEqual({ statusCode: 200, etag: '"7"' });
    expect(JSON.parse(body)).toMatchObject({
      pool: 'postgres',
      namespace: 'shop',
      election: '',
      epoch: 7,
      leader: { name: 'postgres-0', address: '10.0.0.1' },
      members: [
        { name: 'postgres-0', role: 'leader', fit: true, why: null },
        { name: 'postgres-1', role: 'follower', fit: true, why: null },
        { name: 'postgres-2', role: 'follower', fit: false, why: 'notReady' },
      ],
    });
  });

  it('answers 304 to the epoch that it has, and anew after an election', async () => {
    const { get, lead } = anApp();
    const known = { 'if-none-match': '"7"' };
    expect((await get(POOL, known)).statusCode).toBe(304);
    lead('postgres-1', '10.0.0.2', 8);
    expect((await get(POOL, known)).json()).toMatchObject({ epoch: 8, leader: { name: 'postgres-1' } });
  });

  it.each([
    ['/v1/leader/pool/none.shop', 404, 'NOT_FOUND'],
    ['/v1/leader/pool/postgres.shop.readers', 404, 'NOT_FOUND'],
    ['/v1/leader/pool/postgres', 400, 'INVALID'],
    ['/v1/leader/pool/a.b.c.d', 400, 'INVALID'],
    ['/v1/nothing', 404, 'NOT_FOUND'],
  ])('%s is %i %s', async (url, status, code) => {
    const { statusCode, body } = await anApp().get(url);
    expect({ statusCode, code: JSON.parse(body).code }).toEqual({ statusCode: status, code });
  });

  it('answers 503 from a view that cannot be relied on, and never 404', async () => {
    const { get, setFresh } = anApp();
    setFresh(false);
    for (const url of [POOL, '/v1/leader/pool/none.shop', `${POOL}/events`])
      expect(JSON.parse((await get(url)).body)).toMatchObject({ code: 'STALE' });
  });
});

describe('GET /v1/am-i-leader', () => {
  const QUESTION = '/v1/am-i-leader?service=postgres';
  const ask = async (app: ReturnType<typeof anApp>, address: string, url = QUESTION) =>
    (await app.get(url, {}, address)).json();

  it('tells a pod by its address, and by its IPv4 address on an IPv6 socket', async () => {
    const app = anApp();
    expect(await ask(app, '10.0.0.1')).toEqual({ leader: true, role: 'leader', epoch: 7, validForMs: 3_000 });
    expect(await ask(app, '::ffff:10.0.0.2')).toMatchObject({ leader: false, role: 'follower', epoch: 7 });
  });

  it('does not read X-Forwarded-For', async () => {
    const { get } = anApp();
    const { statusCode } = await get(QUESTION, { 'x-forwarded-for': '10.0.0.1' }, '10.0.0.9');
    expect(statusCode).toBe(403);
  });

  it('refuses an address that is not that of exactly one pod, and names it', async () => {
    const app = anApp();
    app.put(aPod({ name: 'other', ips: ['10.0.0.1'] }));
    app.put(aPod({ name: 'agent', ips: ['10.1.0.1'], hostNetwork: true }));
    app.put(aPod({ name: 'done', ips: ['10.0.0.4'], phase: 'Succeeded' }));
    const messageOf = async (address: string) => (await ask(app, address)).message;
    expect(await messageOf('10.0.0.1')).toContain('10.0.0.1 is the address of several pods');
    expect(await messageOf('10.1.0.1')).toContain('10.1.0.1 is the address of a node');
    expect(await messageOf('10.0.0.4')).toContain('10.0.0.4 is the address of no pod');
  });

  it('answers unknown from a view that cannot be relied on', async () => {
    const app = anApp();
    app.setFresh(false);
    expect(await ask(app, '10.0.0.1')).toEqual({ leader: false, role: 'unknown', epoch: 0, validForMs: 0 });
  });

  it('waits until the epoch is another one', async () => {
    const app = anApp();
    const waiting = ask(app, '10.0.0.2', `${QUESTION}&wait=60s&epoch=7`);
    // The request is in once a later one has its answer.
    await ask(app, '10.0.0.2');
    app.lead('postgres-1', '10.0.0.2', 8);
    expect(await waiting).toMatchObject({ leader: true, epoch: 8 });
    expect(await ask(app, '10.0.0.2', `${QUESTION}&wait=60s&epoch=7`)).toMatchObject({ epoch: 8 });
    expect(await ask(app, '10.0.0.2', `${QUESTION}&wait=1ms&epoch=8`)).toMatchObject({ epoch: 8 });
  });

  it.each([
    ['wait=1h', 'wait: up to 60s'],
    ['epoch=x&wait=1s', 'epoch: that of the last answer, a whole number'],
    ['wait=1s&wait=2s', 'wait: given more than once'],
  ])('refuses %s, and says why', async (query, why) => {
    const { statusCode, body } = await anApp().get(`${QUESTION}&${query}`, {}, '10.0.0.1');
    expect(statusCode).toBe(400);
    expect(JSON.parse(body)).toEqual({ code: 'INVALID', message: expect.stringContaining(why) });
  });

  it('tells a pod by the uid in its token, whatever its address', async () => {
    const name = 'system:serviceaccount:shop:web';
    const { uid } = aPod({ name: 'postgres-0' });
    const of = user({ name, extra: { 'authentication.kubernetes.io/pod-uid': [uid] } });
    const { get } = anApp({ reviewer: aReviewer(() => false, of) });
    expect((await get(QUESTION, good)).json()).toMatchObject({ leader: true });
    const { statusCode, body } = await get(QUESTION, { authorization: 'Bearer bad' }, '10.0.0.1');
    expect({ statusCode, code: JSON.parse(body).code }).toEqual({ statusCode: 401, code: 'UNAUTHENTICATED' });
  });

  it('refuses a token that is not that of a pod', async () => {
    const { get } = anApp({ reviewer: aReviewer(() => true, user({ name: 'system:serviceaccount:shop:web' })) });
    expect((await get(QUESTION, good)).statusCode).toBe(403);
  });

  it('answers 404 where the Service does not select the pod', async () => {
    const app = anApp();
    app.put(aPod({ name: 'stranger', ips: ['10.0.0.8'], labels: {} }));
    expect(await ask(app, '10.0.0.8')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await ask(app, '10.0.0.1', '/v1/am-i-leader?service=none')).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('who may ask', () => {
  const LOCK = '/v1/namespaces/shop/locks/reports';
  it.each<[string, Right]>([
    [POOL, { verb: 'get', resource: 'leaders', namespace: 'shop', name: 'postgres' }],
    [`${POOL}/events`, { verb: 'watch', resource: 'leaders', namespace: 'shop', name: 'postgres' }],
    ['/v1/leaders', { verb: 'list', resource: 'leaders', namespace: '', name: '' }],
    ['/v1/leaders/shop/postgres', { verb: 'get', resource: 'leaders', namespace: 'shop', name: 'postgres' }],
    ['/v1/events', { verb: 'watch', resource: 'leaders', namespace: '', name: '' }],
    [LOCK, { verb: 'get', resource: 'locks', namespace: 'shop', name: 'reports' }],
    [`${LOCK}/watch`, { verb: 'watch', resource: 'locks', namespace: 'shop', name: 'reports' }],
  ])('%s needs a token, and its right alone', async (url, right) => {
    const asked: Right[] = [];
    const reviewer = aReviewer((each) => asked.push(each) < 0);
    const { get, metrics } = anApp({ reviewer });
    const statusOf = async (headers: Record<string, string>) => (await get(url, headers)).statusCode;
    expect(await statusOf({})).toBe(401);
    expect(await statusOf({ authorization: 'Bearer bad' })).toBe(401);
    expect(await statusOf({ authorization: 'Basic Zm9v' })).toBe(401);
    expect(await statusOf(good)).toBe(403);
    expect(asked).toEqual([right]);
    expect(await metrics.registry.metrics()).toContain('zen_lead_api_refused_requests_total{code="UNAUTHENTICATED"} 3');
  });

  it.each(['acquire', 'renew', 'release'])('POST %s needs the verb of that name', async (verb) => {
    const asked: Right[] = [];
    const { post } = anApp({ reviewer: aReviewer((each) => asked.push(each) < 0) });
    expect((await post(`${LOCK}/${verb}`, {})).statusCode).toBe(401);
    expect((await post(`${LOCK}/${verb}`, {}, good)).statusCode).toBe(403);
    expect(asked).toEqual([{ verb, resource: 'locks', namespace: 'shop', name: 'reports' }]);
  });

  it('probes, metrics and the OpenAPI document need no token', async () => {
    const { get } = anApp({ reviewer: aReviewer(() => false) });
    for (const url of ['/livez', '/readyz', '/metrics', '/v1/openapi.json'])
      expect((await get(url)).statusCode).toBe(200);
    expect((await get('/v1/openapi.json')).json()).toEqual(JSON.parse(JSON.stringify(apiOpenApi)));
  });

  it('without tokens it answers only for a Host that no stranger can own', async () => {
    const { get } = anApp();
    expect((await get(POOL, { host: 'evil.example' })).json()).toMatchObject({ code: 'WRONG_HOST' });
    expect((await get(POOL, { host: 'api.example:8082' })).statusCode).toBe(200);
    expect((await get('/livez', { host: 'evil.example' })).statusCode).toBe(200);
  });

  it('answers 503 while the API server cannot be asked about a token', async () => {
    const away = new ZenLeadError('KUBE_UNAVAILABLE', 'away', { retry: 'later' });
    const reviewer: Reviewer = { authenticate: () => Promise.reject(away), isAllowed: () => Promise.reject(away) };
    const { statusCode, headers } = await anApp({ reviewer }).get(POOL, good);
    expect({ statusCode, retryAfter: headers['retry-after'] }).toEqual({ statusCode: 503, retryAfter: '1' });
  });
});

it('schemas/api.openapi.json is what the zod schemas say (else: npm run schemas)', () => {
  const text = readFileSync(new URL('../../../schemas/api.openapi.json', import.meta.url), 'utf8');
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(apiOpenApi)));
});

describe('the bodies of lock requests', () => {
  const LOCK = '/v1/namespaces/shop/locks/reports';
  const wish = { requestId: 'r-1', holder: 'web-0' };
  it.each([
    ['acquire', { ...wish, requestId: '' }, 'requestId'],
    ['acquire', { ...wish, requestId: 'x'.repeat(65) }, 'requestId'],
    ['acquire', { ...wish, holder: 'two words' }, 'holder'],
    ['acquire', { ...wish, ttlSeconds: 4 }, 'ttlSeconds'],
    ['acquire', { ...wish, ttlSeconds: 3_601 }, 'ttlSeconds'],
    ['acquire', { ...wish, waitSeconds: 601 }, 'waitSeconds'],
    ['acquire', { ...wish, lockDelaySeconds: 61 }, 'lockDelaySeconds'],
    ['renew', { grantId: 'r-1' }, 'token'],
    ['release', { grantId: 'r-1', token: '7' }, 'token'],
  ])('%s refuses %o, and names %s', async (verb, body, path) => {
    const { statusCode, body: text } = await anApp().post(`${LOCK}/${verb}`, body);
    expect({ statusCode, message: JSON.parse(text).message }).toMatchObject({
      statusCode: 400,
      message: expect.stringContaining(path),
    });
  });

  it('refuses names that no Lease can have', async () => {
    for (const name of ['Reports', 'a_b', '-a', 'x'.repeat(201)])
      expect((await anApp().get(`/v1/namespaces/shop/locks/${name}`)).statusCode).toBe(400);
    expect((await anApp().get('/v1/namespaces/Shop/locks/reports')).statusCode).toBe(400);
  });

  it('answers 404 for a lock that nobody has asked for, and 503 while the API server is away', async () => {
    const failing = (code: 'KUBE_NOT_FOUND' | 'KUBE_UNAVAILABLE' | 'KUBE_FORBIDDEN'): Partial<KubeApi> => ({
      get: () => Promise.reject(new ZenLeadError(code, code, { retry: 'later' })),
    });
    const statusOf = async (api: Partial<KubeApi>) => (await anApp({ api }).get(LOCK)).statusCode;
    expect(await statusOf(failing('KUBE_NOT_FOUND'))).toBe(404);
    expect(await statusOf(failing('KUBE_UNAVAILABLE'))).toBe(503);
    expect(await statusOf({ get: async () => ({ metadata: { name: 'zenlock-reports' } }) })).toBe(503);
  });
});
