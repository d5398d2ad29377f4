import { createLocalJWKSet, exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { type Authenticate, createAuthenticate } from '../../../functions/authenticate.ts';
import type { Keys } from '../../../functions/keySource.ts';

const issuer = 'https://kubernetes.default.svc';
const trustedSender = 'system:serviceaccount:zen-lead:zen-lead-bridge';
/** Expires 600 s after the start of each test. */
const times = { nbf: 1_800_000_000, exp: 1_800_000_600 };

let pair: GenerateKeyPairResult;
/** Wall clock, and milliseconds from any start. */
let now: number;
let monotonic: number;
let keys: Keys;
/** Signatures that were checked. */
let checked: number;
let authenticate: Authenticate;

beforeAll(async () => {
  pair = await generateKeyPair('ES256', { extractable: true });
});
beforeEach(async () => {
  now = times.nbf * 1_000;
  monotonic = 0;
  checked = 0;
  keys = await publish(pair);
  authenticate = createAuthenticate({
    trustedSender,
    audience: 'zen-lead',
    acceptHints: false,
    keySource: { current: () => keys, refresh: async () => keys, close: () => undefined },
    now: () => now,
    monotonicNow: () => monotonic,
  });
});

async function publish({ publicKey }: GenerateKeyPairResult): Promise<Keys> {
  const find = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] });
  return {
    issuer,
    find: (...args) => {
      checked += 1;
      return find(...args);
    },
  };
}

function sign(changes: object = {}, key = pair): Promise<string> {
  return new SignJWT({ iss: issuer, aud: ['zen-lead'], sub: trustedSender, ...times, ...changes })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .sign(key.privateKey);
}

const send = async (token: string | Promise<string>): Promise<string> => authenticate(`Bearer ${await token}`);

it('the signature of a token is checked once, however many requests bring it', async () => {
  const token = await sign();
  for (let i = 0; i < 20; i += 1) expect(await send(token)).toBe('trusted');
  expect(checked).toBe(1);
});

it('the signature of a token is checked again after 60 s', async () => {
  const token = await sign();
  await send(token);
  monotonic = 59_999;
  await send(token);
  expect(checked).toBe(1);
  monotonic = 60_000;
  await send(token);
  expect(checked).toBe(2);
});

it('a token that expires is refused at the same second as one that was never seen', async () => {
  const token = await sign();
  await send(token);
  now = (times.exp + 29) * 1_000;
  expect(await send(token)).toBe('trusted');
  now = (times.exp + 30) * 1_000;
  await expect(send(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(send(sign({ jti: 'unseen' }))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('a token that was verified is refused before its time, where the wall clock was set back', async () => {
  const token = await sign();
  await send(token);
  now = (times.nbf - 30) * 1_000;
  expect(await send(token)).toBe('trusted');
  now = (times.nbf - 31) * 1_000;
  await expect(send(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('a token that was verified is refused once its key is withdrawn', async () => {
  const token = await sign();
  await send(token);
  keys = await publish(await generateKeyPair('ES256', { extractable: true }));
  await expect(send(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('a token that differs in its last character is another token', async () => {
  const token = await sign();
  await send(token);
  const last = token.at(-2) === 'A' ? 'B' : 'A';
  await expect(send(`${token.slice(0, -2)}${last}${token.at(-1)}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('a flood of tokens that do not hold, or are of other senders, takes no place', async () => {
  const token = await sign();
  await send(token);
  const stranger = await generateKeyPair('ES256', { extractable: true });
  for (let i = 0; i < 150; i += 1) {
    await expect(send(sign({ jti: `${i}` }, stranger))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(send(sign({ sub: `system:serviceaccount:shop:s${i}` }))).rejects.toMatchObject({
      code: 'WRONG_SENDER',
    });
  }
  checked = 0;
  await send(token);
  expect(checked).toBe(0);
});

it('a flood of tokens that hold keeps the 100 newest', async () => {
  const tokens = await Promise.all(Array.from({ length: 101 }, (_, i) => sign({ jti: `${i}` })));
  for (const token of tokens) await send(token);
  checked = 0;
  for (const token of tokens.slice(1)) await send(token);
  expect(checked).toBe(0);
  await send(tokens[0] ?? '');
  expect(checked).toBe(1);
});
