import nock from 'nock';
import { afterEach, expect, it } from 'vitest';
import { type KeySource, startKeySource } from '../../../functions/keySource.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { interceptHttp } from '../../support/servers/interceptHttp.ts';

const server = 'http://kubernetes.example';
const issuer = 'https://kubernetes.default.svc';
const key = { kty: 'RSA', kid: 'k1', n: 'AQAB', e: 'AQAB', alg: 'RS256', use: 'sig' };
interceptHttp();

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function start(): { keys: KeySource; advance: (ms: number) => void } {
  let now = 0;
  const readCredentials = async () => ({ headers: {}, tls: {} });
  const api = createKubeApi({ server, origin: 'test', readCredentials }, { metrics: createMetrics() });
  const keys = startKeySource(api, silentLogger, () => now);
  closers.push(
    () => keys.close(),
    () => api.close(),
  );
  return { keys, advance: (ms) => (now += ms) };
}

function answerWith(jwks: nock.Body, configuration: nock.Body = { issuer }): nock.Scope {
  return nock(server)
    .get('/.well-known/openid-configuration')
    .reply(200, configuration)
    .get('/openid/v1/jwks')
    .matchHeader('accept', 'application/json, */*')
    .reply(200, jwks, { 'content-type': 'application/jwk-set+json' });
}

it('reads the issuer and the keys of the API server', async () => {
  const scope = answerWith({ keys: [key] });
  const { keys } = start();
  expect(keys.current()).toBeNull();
  expect(await keys.refresh()).toMatchObject({ issuer });
  expect(scope.isDone()).toBe(true);
});

it.each<[string, nock.Body, nock.Body | undefined]>([
  ['a key set without keys', {}, undefined],
  ['a key without a type', { keys: [{ kid: 'k1' }] }, undefined],
  ['a page of a proxy', '<html>welcome</html>', undefined],
  ['no issuer', { keys: [key] }, { issuer: '' }],
])('has no keys after an answer with %s', async (_, jwks, configuration) => {
  answerWith(jwks, configuration);
  expect(await start().keys.refresh()).toBeNull();
});

it('keeps the keys while the API server cannot be reached, and asks once in 10 s', async () => {
  answerWith({ keys: [key] });
  const { keys, advance } = start();
  const first = await keys.refresh();
  advance(9_999);
  const refusal = nock(server).persist().get(/.*/).reply(503, 'away');
  expect(await keys.refresh()).toBe(first);
  expect(refusal.isDone()).toBe(false);
  advance(1);
  expect(await keys.refresh()).toBe(first);
  expect(refusal.isDone()).toBe(true);
});
