/**
 * LockRequest and LockAnswer: what clients ask of a lock, and what one decision says to each.
 */

import type { Grant } from './lockState.ts';

export interface AcquireRequest {
  readonly kind: 'acquire';
  /** Chosen by the client. The same one gets the same place and the same grant. */
  readonly id: string;
  readonly holder: string;
  readonly ttlMs: number;
  readonly lockDelayMs: number;
  /** Until when its place in the queue is kept; null for a request that does not wait. */
  readonly waitsUntil: number | null;
}

interface HolderRequest {
  readonly kind: 'renew' | 'release';
  readonly grantId: string;
  readonly token: number;
}

/** Leaves the queue. It never gives a grant back, because another connection may rely on it. */
interface WithdrawRequest {
  readonly kind: 'withdraw';
  readonly id: string;
}

/** Asks for nothing but what time alone has brought: an expiry, and the next grant. */
interface TickRequest {
  readonly kind: 'tick';
}

export type LockRequest = AcquireRequest | HolderRequest | WithdrawRequest | TickRequest;

export type LockAnswer =
  | { readonly kind: 'granted'; readonly grant: Grant }
  /** `position` counts from 1. */
  | { readonly kind: 'waiting'; readonly position: number }
  | { readonly kind: 'held'; readonly holder: string; readonly position: number }
  | { readonly kind: 'full' }
  | { readonly kind: 'renewed'; readonly grant: Grant }
  | { readonly kind: 'lost' }
  | { readonly kind: 'released' }
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'ticked' };
