/**
 * createVerifiedTokens: keeps for a short time which tokens of the trusted sender were verified,
 * because the signature of one takes longer to check than its event takes to decide.
 *
 * Guarantees: a token counts only under the very keys that it was verified with, and between its
 * nbf and its exp, which each request compares with the wall clock. The token itself is kept
 * nowhere, only its SHA-256. What is kept is bounded.
 * Does not guarantee that a token is found again.
 * Source: RFC 8725 (JWT best current practices) 3.1; RFC 7519 section 4.1.4 and 4.1.5.
 */

import { hash } from 'node:crypto';
import type { Keys } from './keySource.ts';

/** Seconds since the epoch, as in the token. */
export interface Validity {
  readonly exp: number;
  readonly nbf: number | undefined;
}

export interface VerifiedTokens {
  /** Whether the token was verified with these keys, and is valid now. */
  has(token: string, keys: Keys): boolean;
  add(token: string, keys: Keys, validity: Validity): void;
}

interface Kept {
  readonly validity: Validity;
  readonly keys: Keys;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/**
 * Keys, audience and issuer stay the same while a token is kept, and its times are compared at each
 * request. So a longer life is no weaker, and only keeps the tokens that are sent no more. A bridge
 * sends hundreds of events in this time.
 */
const KEPT_MS = 60_000;
/** Every replica of a bridge sends one token, and two while the kubelet replaces it. */
const MAX_KEPT = 100;

/** `monotonicNow` counts milliseconds from any start; `now` is the wall clock. */
export function createVerifiedTokens(
  clock: { readonly now: () => number; readonly monotonicNow: () => number },
  clockToleranceS: number,
): VerifiedTokens {
  const kept = new Map<string, Kept>();

  return {
    has(token, keys) {
      const key = keyOf(token);
      const known = kept.get(key);
      if (known === undefined) return false;
      const isKept = known.keys === keys && clock.monotonicNow() < known.until;
      if (isKept && isInTime(known.validity, clock.now(), clockToleranceS)) return true;
      kept.delete(key);
      return false;
    },
    add(token, keys, validity) {
      const key = keyOf(token);
      kept.delete(key);
      for (const [oldest] of kept) {
        if (kept.size < MAX_KEPT) break;
        kept.delete(oldest);
      }
      kept.set(key, { validity, keys, until: clock.monotonicNow() + KEPT_MS });
    },
  };
}

/** As jose compares them: in whole seconds. */
function isInTime({ exp, nbf }: Validity, nowMs: number, toleranceS: number): boolean {
  const nowS = Math.floor(nowMs / 1_000);
  return exp > nowS - toleranceS && (nbf === undefined || nbf <= nowS + toleranceS);
}

function keyOf(token: string): string {
  return hash('sha256', token, 'base64');
}
