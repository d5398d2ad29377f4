/**
 * Claim: a ManualLock as the rules see it. One object is one claim to one lock.
 * docs/reference/manual-locks.md
 */

export const phases = ['Pending', 'Held', 'Released', 'Expired'] as const;
export type ClaimPhase = (typeof phases)[number];

export interface ClaimCondition {
  readonly type: 'Held';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

export interface ClaimStatus {
  readonly phase: ClaimPhase;
  /** Of its grant; null where it has had none. */
  readonly fencingToken: number | null;
  /** Epoch milliseconds; null where it has had no grant. */
  readonly expiresAt: number | null;
  /** Place in the queue, from 1. */
  readonly position: number | null;
  readonly condition: ClaimCondition | null;
}

export interface ClaimView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly createdAt: number;
  readonly terminating: boolean;
  readonly lock: string;
  readonly holder: string;
  readonly ttlMs: number;
  readonly renew: 'Auto' | 'Manual';
  /** Null where none was written yet. */
  readonly status: ClaimStatus | null;
}

/** What the grant of a claim has as its id. */
const PREFIX = 'claim-';

/** It is what a holder that renews by itself sends as grantId. */
export function claimId({ uid }: Pick<ClaimView, 'uid'>): string {
  return `${PREFIX}${uid}`;
}

export function isClaimId(id: string): boolean {
  return id.startsWith(PREFIX);
}

/** It asks for nothing any more: a claim is granted once. */
export function isOver({ terminating, status }: ClaimView): boolean {
  return terminating || status?.phase === 'Released' || status?.phase === 'Expired';
}
