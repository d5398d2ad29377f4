import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  exportJWK,
  exportSPKI,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readState } from '../../../functions/reconcile/readState.ts';
import { toSnapshots } from '../../../functions/reconcile/toSnapshots.ts';
import type { FunctionsOptions } from '../../../functions/startFunctions.ts';
import { parseEnvelope } from '../../../lib/events/envelope.ts';
import { parseReply } from '../../../lib/events/parseReply.ts';
import { putPod, putService, routedPod } from '../../support/objects/aNamespace.ts';
import { aCandidate, aReconcileEvent, aSnapshot, structured, uid } from '../../support/objects/anEvent.ts';
import { failure } from '../../support/servers/fakeApi.ts';
import { startServer, type TestServer } from '../../support/servers/functionsServer.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const BRIDGE = 'system:serviceaccount:zen-lead:zen-lead-bridge';
let now: number;
/** Milliseconds from any start, never set back. */
let monotonic: number;
let keys: Record<'current' | 'next' | 'stranger', GenerateKeyPairResult>;
let server: TestServer;

beforeAll(async () => {
  const pair = () => generateKeyPair('RS256', { extractable: true });
  keys = { current: await pair(), next: await pair(), stranger: await pair() };
});
beforeEach(async () => {
  now = Date.parse('2026-11-20T10:00:00Z');
  monotonic = 0;
  server = await start();
});
afterEach(() => server.close());

async function start(options: Partial<FunctionsOptions> = {}): Promise<TestServer> {
  const started = await startServer({
    trustedSender: BRIDGE,
    now: () => now,
    monotonicNow: () => monotonic,
    ...options,
  });
  putService(started.fake);
  putPod(started.fake, 'db-0');
  started.fake.paths.set('/.well-known/openid-configuration', { issuer: ISSUER, jwks_uri: `${ISSUER}/openid/v1/jwks` });
  await publish(started, 'current');
  await expect
    .poll(async () => (await fetch(`${started.functions.url}/readyz`)).status, { message: 'readyz' })
    .toBe(200);
  return started;
}

async function publish({ fake }: TestServer, ...names: (keyof typeof keys)[]): Promise<void> {
  const jwks = await Promise.all(
    names.map(async (kid) => ({ ...(await exportJWK(keys[kid].publicKey)), kid, use: 'sig', alg: 'RS256' })),
  );
  fake.paths.set('/openid/v1/jwks', { keys: jwks });
}

const claims = (): JWTPayload => ({
  iss: ISSUER,
  aud: ['zen-lead'],
  sub: BRIDGE,
  iat: now / 1000,
  nbf: now / 1000,
  exp: now / 1000 + 600,
});
const sign = (
  changes: Readonly<Record<string, unknown>> = {},
  kid: keyof typeof keys = 'current',
  header: object = {},
): Promise<string> =>
  new SignJWT({ ...claims(), ...changes })
    .setProtectedHeader({ alg: 'RS256', kid, ...header })
    .sign(keys[kid].privateKey);

/** A header that the receiver must understand, and that no receiver knows (RFC 7515, 4.1.11). */
async function signCritical(): Promise<string> {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', kid: 'current', crit: ['unknown'], unknown: true })}.${part(claims())}`;
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', keys.current.privateKey, Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString('base64url')}`;
}

async function post(
  authorization?: string,
  event = aReconcileEvent(),
): Promise<{ status: number; basis?: string; body: string }> {
  server.fake.requests.length = 0;
  const { headers, body } = structured(event);
  const response = await server.post({ ...headers, ...(authorization !== undefined && { authorization }) }, body);
  const text = await response.text();
  if (response.status !== 200) return { status: response.status, body: text };
  const reply = parseReply(parseEnvelope(Object.fromEntries(response.headers), Buffer.from(text)));
  return { status: 200, basis: reply.data.basis, body: text };
}
const jwksReads = (): number => server.fake.requests.filter(({ path }) => path === '/openid/v1/jwks').length;

describe('a token', () => {
  it('a token of the bridge makes its event trusted', async () => {
    // Decided on the event's snapshot, which says that the Service is gone: the function does not
    // read that it is not.
    const { data } = aReconcileEvent();
    now = data.deadline - 1_000;
    const event = aReconcileEvent({ data: { ...data, snapshot: aSnapshot({ source: null }) } });
    expect(await post(`Bearer ${await sign()}`, event)).toMatchObject({ status: 200, basis: 'event' });
    expect(server.fake.requests.map(({ method }) => method)).not.toContain('GET');
  });

  it.each<[string, number, () => Promise<string> | string]>([
    ['that is none', 401, () => 'Bearer nonsense'],
    ['of another scheme', 401, () => 'Basic YTpi'],
    ['for another audience', 401, async () => `Bearer ${await sign({ aud: ['kubernetes'] })}`],
    ['of another issuer', 401, async () => `Bearer ${await sign({ iss: 'https://elsewhere' })}`],
    ['of another subject', 403, async () => `Bearer ${await sign({ sub: 'system:serviceaccount:shop:default' })}`],
    ['whose subject only begins alike', 403, async () => `Bearer ${await sign({ sub: `${BRIDGE}-2` })}`],
    ['that has expired', 401, async () => `Bearer ${await sign({ exp: now / 1000 - 31 })}`],
    ['that is not valid yet', 401, async () => `Bearer ${await sign({ nbf: now / 1000 + 31 })}`],
    ['without an expiry', 401, async () => `Bearer ${await sign({ exp: undefined })}`],
    ['without a subject', 401, async () => `Bearer ${await sign({ sub: undefined })}`],
    ['with alg none', 401, () => `Bearer ${new UnsecuredJWT(claims()).encode()}`],
    [
      'signed by a stranger under our key id',
      401,
      async () =>
        `Bearer ${await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid: 'current' }).sign(keys.stranger.privateKey)}`,
    ],
    ['with a key that was not published', 401, async () => `Bearer ${await sign({}, 'stranger')}`],
    [
      'signed with the public key as a shared secret (HS256)',
      401,
      async () => {
        const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
        const text = `${part({ alg: 'HS256', kid: 'current' })}.${part(claims())}`;
        return `Bearer ${text}.${createHmac('sha256', await exportSPKI(keys.current.publicKey))
          .update(text)
          .digest('base64url')}`;
      },
    ],
    [
      'that brings the key that it is signed with (jwk)',
      401,
      async () => {
        const jwk = { ...(await exportJWK(keys.stranger.publicKey)), kid: 'current', alg: 'RS256' };
        return `Bearer ${await sign({}, 'stranger', { kid: 'current', jwk })}`;
      },
    ],
    ...['jku', 'x5u'].map((header): [string, number, () => Promise<string>] => [
      `that names where its key can be read (${header})`,
      401,
      async () => {
        const stranger = { ...(await exportJWK(keys.stranger.publicKey)), kid: 'stranger', use: 'sig', alg: 'RS256' };
        server.fake.paths.set('/stranger.json', { keys: [stranger] });
        const token = await sign({}, 'stranger', { [header]: `${server.functions.url}/stranger.json` });
        return `Bearer ${token}`;
      },
    ]),
    ...['../../../../dev/null', '/openid/v1/jwks', "x' or '1'='1", 'current\u0000', ['current'], 7].map(
      (kid): [string, number, () => Promise<string>] => [
        `with the key id ${JSON.stringify(kid)}`,
        401,
        async () => `Bearer ${await sign({}, 'stranger', { kid })}`,
      ],
    ),
    ['with a header that must be understood', 401, async () => `Bearer ${await signCritical()}`],
    ['for no audience', 401, async () => `Bearer ${await sign({ aud: undefined })}`],
    ['for an empty list of audiences', 401, async () => `Bearer ${await sign({ aud: [] })}`],
    ['for an audience that only begins alike', 401, async () => `Bearer ${await sign({ aud: 'zen-lead,kubernetes' })}`],
    ['for a nested audience', 401, async () => `Bearer ${await sign({ aud: [['zen-lead']] })}`],
    ['whose subject is a list', 403, async () => `Bearer ${await sign({ sub: [BRIDGE] })}`],
    ['whose subjects are two', 403, async () => `Bearer ${await sign({ sub: ['x', BRIDGE] })}`],
    ['whose instant of validity is text', 401, async () => `Bearer ${await sign({ nbf: '0' })}`],
    ['whose expiry is text', 401, async () => `Bearer ${await sign({ exp: '99999999999' })}`],
    ['whose issuer is a list', 401, async () => `Bearer ${await sign({ iss: [ISSUER] })}`],
    ['in the JSON form', 401, async () => `Bearer ${JSON.stringify({ payload: (await sign()).split('.')[1] })}`],
  ])('a token %s is refused with %i and decides nothing', async (_name, status, authorization) => {
    const answer = await post(await authorization());
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(status === 401 ? 'UNAUTHENTICATED' : 'WRONG_SENDER');
    expect(server.fake.requests.filter(({ path }) => path.includes('namespaces'))).toEqual([]);
  });

  it.each([{ aud: 'zen-lead' }, { aud: ['kubernetes', 'zen-lead'] }])(
    'a token for us among others passes: %o',
    async (changes) => {
      expect((await post(`Bearer ${await sign(changes)}`)).status).toBe(200);
    },
  );

  it.each([
    ['expired', { exp: -29 }],
    ['not valid yet', { nbf: 29 }],
  ])('a token that is %s by less than the clock tolerance of 30 s passes', async (_name, offset) => {
    const changes = Object.fromEntries(Object.entries(offset).map(([claim, seconds]) => [claim, now / 1000 + seconds]));
    expect((await post(`Bearer ${await sign(changes)}`)).status).toBe(200);
  });
});

describe('no token', () => {
  it('a request without a token is 401 with a challenge', async () => {
    expect((await post()).status).toBe(401);
    const { headers, body } = structured(aReconcileEvent());
    expect((await server.post(headers, body)).headers.get('www-authenticate')).toBe('Bearer');
  });

  it('a request without a token is a hint where hints are accepted; a bad token is refused all the same', async () => {
    await server.close();
    server = await start({ acceptHints: true });
    const answer = await post();
    expect(answer).toMatchObject({ status: 200, basis: 'read' });
    // nor does it show a stranger which pods there are
    expect(answer.body).not.toContain('10.0.0.0');
    expect(JSON.parse(answer.body).data).not.toHaveProperty('snapshot');
    expect((await post('Bearer nonsense')).status).toBe(401);
  });
});

describe('a forged snapshot', () => {
  /**
   * The state as it is, but for a pod that is not there, at an address of the sender's choice, and
   * no other pod.
   */
  async function sendForged(authorization?: string): Promise<void> {
    const state = await readState(server.fake.api, 'shop', () => now, new AbortController().signal);
    const candidates = [aCandidate({ name: 'forged', uid: uid('forged'), ips: ['6.6.6.6'] })];
    const snapshot = { ...toSnapshots(state)('db'), candidates };
    const data = { ...aReconcileEvent().data, deadline: now + 3_000, snapshot };
    expect(await post(authorization, aReconcileEvent({ data }))).toMatchObject({ status: 200 });
  }

  /** With a leader, a slice and a record, so that nothing but trust stands in the way. */
  async function startSettled(options: Partial<FunctionsOptions>): Promise<void> {
    await server.close();
    server = await start(options);
    for (let i = 0; i < 3; i++) expect(await post()).toMatchObject({ status: 200 });
    expect(routedPod(server.fake)).toBe('db-0');
  }

  it.each<[sender: string, options: Partial<FunctionsOptions>]>([
    ['its sender has no token', { acceptHints: true }],
    ['no trusted sender is configured', { trustedSender: undefined }],
  ])('re-routes nothing when %s', async (_sender, options) => {
    await startSettled(options);
    await sendForged();
    expect(routedPod(server.fake)).toBe('db-0');
  });

  it('re-routes when the bridge has sent it: only trust stands in its way', async () => {
    await startSettled({ acceptHints: true });
    await sendForged(`Bearer ${await sign()}`);
    expect(routedPod(server.fake)).toBe('forged');
  });
});

describe('no trusted sender', () => {
  it('makes every sender a stranger, whose reply names the leader, and no other pod and no address', async () => {
    await server.close();
    server = await startServer({ now: () => now });
    putService(server.fake);
    putPod(server.fake, 'db-0');
    putPod(server.fake, 'db-1');
    const answer = await post(`Bearer ${await sign()}`);
    expect(answer).toMatchObject({ status: 200, basis: 'read' });
    expect(JSON.parse(answer.body).data.leader.name).toBe('db-0');
    expect(answer.body).not.toMatch(/10\.\d+\.\d+\.\d+|db-1/);
    expect(JSON.parse(answer.body).data).not.toHaveProperty('snapshot');
  });
});

describe('a request whose body has not come yet', () => {
  /** Sends the headers of a request with a body of 256 KiB, and none of the body. */
  async function sendHeaders(authorization?: string): Promise<{ readonly socket: Socket; status(): Promise<number> }> {
    const socket = connect(server.functions.port, '127.0.0.1');
    const lines = ['POST / HTTP/1.1', 'host: x', 'content-type: application/json', 'content-length: 262144'];
    if (authorization !== undefined) lines.push(`authorization: ${authorization}`);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    const answered = once(socket, 'data').then(([data]) => Number(String(data).split(' ')[1]));
    answered.catch(() => {});
    return { socket, status: () => answered };
  }

  it('a request whose body has not come yet is refused on its headers when it brings no token that holds', async () => {
    for (const [authorization, status] of [
      [undefined, 401],
      ['Bearer nonsense', 401],
    ] as const) {
      const request = await sendHeaders(authorization);
      expect(await request.status()).toBe(status);
      request.socket.destroy();
    }
  });

  it('a request whose body has not come yet is refused with 429 when all bodies together would take more than 96 MiB', async () => {
    await server.close();
    // The first ones still wait for their bodies when the last one comes, on a busy machine too.
    server = await start({ receiveTimeoutMs: 60_000 });
    const token = `Bearer ${await sign()}`;
    // One more than fits. Tokens are checked side by side, so any of them may be the last.
    const held = await Promise.all(Array.from({ length: 385 }, () => sendHeaders(token)));
    expect(await Promise.race(held.map((each) => each.status()))).toBe(429);
    for (const { socket } of held) socket.destroy();
    await expect.poll(async () => (await post(token)).status, { message: 'the held bodies are given back' }).toBe(200);
  });
});

describe('the keys', () => {
  it('the keys are read again for a key that is not known: rotation needs no restart', async () => {
    monotonic += 60_000;
    await publish(server, 'current', 'next');
    expect((await post(`Bearer ${await sign({}, 'next')}`)).status).toBe(200);
  });

  it('the keys are read again also when the wall clock was set back', async () => {
    now -= 3_600_000;
    monotonic += 60_000;
    await publish(server, 'current', 'next');
    const changes = { nbf: undefined, iat: undefined, exp: now / 1000 + 600 };
    expect((await post(`Bearer ${await sign(changes, 'next')}`)).status).toBe(200);
  });

  it.each(['ES256', 'ES384', 'ES512', 'RS256'])(
    'may be of the algorithm %s, which kube-apiserver can sign with',
    async (alg) => {
      const pair = await generateKeyPair(alg, { extractable: true });
      server.fake.paths.set('/openid/v1/jwks', {
        keys: [{ ...(await exportJWK(pair.publicKey)), kid: alg, use: 'sig', alg }],
      });
      monotonic += 60_000;
      const token = await new SignJWT(claims()).setProtectedHeader({ alg, kid: alg }).sign(pair.privateKey);
      expect((await post(`Bearer ${token}`)).status).toBe(200);
    },
  );

  it('the keys say nothing for an algorithm that kube-apiserver does not sign with, also where a key names none', async () => {
    const jwk = { ...(await exportJWK(keys.current.publicKey)), kid: 'any', use: 'sig' };
    server.fake.paths.set('/openid/v1/jwks', { keys: [jwk] });
    monotonic += 60_000;
    const { privateKey } = await generateKeyPair('PS256');
    const der = await crypto.subtle.exportKey('pkcs8', keys.current.privateKey);
    const pss = await crypto.subtle.importKey('pkcs8', der, privateKey.algorithm, false, ['sign']);
    const signed = new SignJWT(claims()).setProtectedHeader({ alg: 'PS256', kid: 'any' });
    expect((await post(`Bearer ${await signed.sign(pss)}`)).status).toBe(401);
    expect((await post(`Bearer ${await sign({}, 'current', { kid: 'any' })}`)).status).toBe(200);
  });

  it('the keys are read at most once in 10 s, however many unknown ones come', async () => {
    monotonic += 60_000;
    const token = `Bearer ${await sign({}, 'stranger')}`;
    expect((await post(token)).status).toBe(401);
    expect(jwksReads()).toBe(1);
    for (let i = 0; i < 5; i++) expect((await post(token)).status).toBe(401);
    expect(jwksReads()).toBe(0);
  });

  it('the keys stay in use while the API server cannot be reached', async () => {
    monotonic += 60_000;
    server.fake.before = ({ path }) => (path.startsWith('/openid') ? failure(503, 'ServiceUnavailable') : undefined);
    expect((await post(`Bearer ${await sign({}, 'next')}`)).status).toBe(401);
    expect((await post(`Bearer ${await sign()}`)).status).toBe(200);
  });

  it('the keys that are not loaded yet make it not ready, and a token 503, not 401', async () => {
    const early = await startServer({ trustedSender: BRIDGE, now: () => now });
    const readyz = await fetch(`${early.functions.url}/readyz`);
    expect([readyz.status, await readyz.text()]).toEqual([503, expect.stringContaining('keys')]);
    const { headers, body } = structured(aReconcileEvent());
    expect((await early.post({ ...headers, authorization: `Bearer ${await sign()}` }, body)).status).toBe(503);
    await early.close();
  });
});
