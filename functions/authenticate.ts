/**
 * authenticate: checks a projected service-account token with our own audience against the API
 * server's keys. docs/trust.md#tokens
 *
 * UNAUTHENTICATED (401) for a missing token, or one that does not hold. WRONG_SENDER (403) for a
 * good token of another sender.
 *
 * Guarantees: only what kube-apiserver signs with passes, so neither `none` nor a public key used
 * as a shared secret passes. iss, aud, exp, nbf and sub are checked.
 * Source: RFC 8725 (JWT best current practices) 3.1, 3.8, 3.9; RFC 6750 section 2.1.
 */

import { errors, type JWTPayload, jwtVerify } from 'jose';
import { ZenLeadError } from '../lib/errors.ts';
import type { KeySource, Keys } from './keySource.ts';
import { createVerifiedTokens, type Validity } from './verifiedTokens.ts';

/**
 * `trusted` is our bridge. A `stranger` sent no token where hints are accepted, or no trusted
 * sender is configured. Its event is a hint. The reply names the leader, and holds no address and
 * no other pod. A `reporter` has a good token of another sender, where verdicts are accepted.
 */
export type Sender = 'trusted' | 'stranger' | 'reporter';
export type Authenticate = (authorization: string | undefined) => Promise<Sender>;

export interface VerifyOptions {
  readonly audience: string;
  readonly keySource: KeySource;
  readonly now: () => number;
  /** Milliseconds from any start, never set back; of this process unless given. */
  readonly monotonicNow?: (() => number) | undefined;
}

export interface TrustOptions extends VerifyOptions {
  /** `system:serviceaccount:<namespace>:<name>` */
  readonly trustedSender: string;
  /** A request without a token is a hint, instead of a 401. */
  readonly acceptHints: boolean;
  /** A good token of another sender is a `reporter`, instead of a 403. */
  readonly acceptVerdicts?: boolean;
}

/** Clocks of nodes are this close to each other. */
const CLOCK_TOLERANCE_S = 30;
/**
 * Every algorithm that kube-apiserver can sign with: RSA keys, P-256, P-384 and P-521.
 * Source: https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/serviceaccount/jwt.go
 * (signerFromRSAPrivateKey, signerFromECDSAPrivateKey).
 */
const ALGORITHMS = ['RS256', 'ES256', 'ES384', 'ES512'];

/** Without a trusted sender, `Authorization` is ignored and everything is a hint. */
export const everythingIsAHint: Authenticate = async () => 'stranger';

export function createAuthenticate(options: TrustOptions): Authenticate {
  const { keySource, now, monotonicNow = () => performance.now() } = options;
  const verifiedTokens = createVerifiedTokens({ now, monotonicNow }, CLOCK_TOLERANCE_S);
  return async (authorization) => {
    if (authorization === undefined) {
      if (options.acceptHints) return 'stranger';
      throw unauthenticated('no bearer token');
    }
    const token = takeToken(authorization);
    const known = keySource.current();
    if (known !== null && verifiedTokens.has(token, known)) return 'trusted';
    const { keys, payload, validity } = await verify(token, options);
    const { sub } = payload;
    // A token of another sender takes no place: every account can be given any number of them.
    if (sub === options.trustedSender) {
      verifiedTokens.add(token, keys, validity);
      return 'trusted';
    }
    if (options.acceptVerdicts === true) return 'reporter';
    throw wrongSender(sub);
  };
}

export function wrongSender(sub: string | undefined): ZenLeadError {
  const message = `authorization: ${JSON.stringify(sub)} is not the sender trusted here`;
  return new ZenLeadError('WRONG_SENDER', message, { retry: 'never' });
}

/** Whose token it is, for a caller that need not be the trusted sender. UNAUTHENTICATED else. */
export function createIdentify(options: VerifyOptions): (authorization: string | undefined) => Promise<JWTPayload> {
  return async (authorization) => {
    if (authorization === undefined) throw unauthenticated('no bearer token');
    return (await verify(takeToken(authorization), options)).payload;
  };
}

function takeToken(authorization: string): string {
  const [, token] = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization) ?? [];
  if (token === undefined) throw unauthenticated('Authorization holds no bearer token');
  return token;
}

/**
 * Refuses a token in the query, though the webhook specification lets a sender choose it. A URL
 * ends up in the logs of every proxy on its way.
 * Source: CloudEvents HTTP webhook 1.0.2 section 3.2; RFC 9700 section 4.3.2 ("Clients therefore
 * MUST NOT pass access tokens in a URI query parameter").
 */
export function refuseTokenInQuery(url: string): void {
  const at = url.indexOf('?');
  if (at < 0 || !new URLSearchParams(url.slice(at)).has('access_token')) return;
  const message = 'access_token: a token in the query is not accepted; send it as Authorization: Bearer';
  throw new ZenLeadError('UNAUTHENTICATED', message, { retry: 'never', path: 'access_token' });
}

interface Verification {
  /** That it was verified with. */
  readonly keys: Keys;
  readonly payload: JWTPayload;
  readonly validity: Validity;
}

async function verify(token: string, options: VerifyOptions): Promise<Verification> {
  const { keySource } = options;
  const keys = keySource.current() ?? (await keySource.refresh());
  if (keys === null)
    throw new ZenLeadError('KUBE_UNAVAILABLE', 'the keys that tokens are checked with are not loaded yet', {
      retry: 'later',
    });
  try {
    return await verifyWith(keys, token, options);
  } catch (error) {
    // The API server has rotated its keys since we asked.
    const isUnknownKey =
      error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed;
    const fresh = isUnknownKey ? await keySource.refresh() : keys;
    if (fresh === null || fresh === keys) throw toUnauthenticated(error);
    return await verifyWith(fresh, token, options).catch((again: unknown) => {
      throw toUnauthenticated(again);
    });
  }
}

async function verifyWith(keys: Keys, token: string, { audience, now }: VerifyOptions): Promise<Verification> {
  const { payload } = await jwtVerify(token, keys.find, {
    issuer: keys.issuer,
    audience,
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_S,
    requiredClaims: ['exp', 'sub'],
    currentDate: new Date(now()),
  });
  const { exp = 0, nbf } = payload;
  return { keys, payload, validity: { exp, nbf } };
}

function toUnauthenticated(error: unknown): unknown {
  return error instanceof errors.JOSEError ? unauthenticated(error.message, error) : error;
}

function unauthenticated(problem: string, cause?: unknown): ZenLeadError {
  return new ZenLeadError('UNAUTHENTICATED', `authorization: ${problem}`, { retry: 'never', cause });
}
