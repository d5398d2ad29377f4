/**
 * decideClaims: what one lock and all claims to it become at one instant: one change of the Lease,
 * and the status of each claim.
 *
 * Pure. It asks for each claim what a client would ask, so that K1 to K5 hold for claims, and for
 * clients of the api beside them (decideLock.ts).
 * Guarantees: a claim that was told of its grant is not granted to again. When it loses the grant
 * it is over.
 */

import { decideLock, type LockDecision } from '../decideLock.ts';
import type { LockRequest } from '../lockRequest.ts';
import { currentGrant, expiresAt, type LockState } from '../lockState.ts';
import { type ClaimPhase, type ClaimStatus, type ClaimView, claimId, isClaimId, isOver } from './claim.ts';

export interface ClaimsDecision {
  readonly lock: LockDecision;
  /** Those to write: a status that is what the claim has already is left out. */
  readonly statuses: readonly { readonly claim: ClaimView; readonly status: ClaimStatus }[];
  /** When time alone changes something; null where only an event can. */
  readonly nextAt: number | null;
}

/** How long a claim keeps its place after the function last looked at it. */
export const CLAIM_PLACE_MS = 60_000;

/**
 * `claims`: all that there are of this lock. A grant or a place of a claim that is not among them
 * is given back, so the caller has made sure.
 */
export function decideClaims(
  state: LockState,
  claims: readonly ClaimView[],
  now: number,
  maxSkewMs: number,
): ClaimsDecision {
  const live = claims.filter((claim) => !isOver(claim)).toSorted(byAge);
  const lock = decideLock(state, toRequests(state, live, now, maxSkewMs), now, maxSkewMs);
  const statuses = claims.flatMap((claim) => {
    const status = toStatus(claim, lock.next, now);
    return status === null || isSame(claim.status, status) ? [] : [{ claim, status }];
  });
  return { lock, statuses, nextAt: nextAt(lock.next, live, now, maxSkewMs) };
}

/** True where the Lease names a claim that is not among these. */
export function namesOthers({ grant, queue }: LockState, claims: readonly ClaimView[]): boolean {
  const known = new Set(claims.map(claimId));
  return [...(grant === null ? [] : [grant.id]), ...queue.map(({ id }) => id)].some(
    (id) => isClaimId(id) && !known.has(id),
  );
}

function byAge(a: ClaimView, b: ClaimView): number {
  return a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1);
}

function toRequests(
  state: LockState,
  live: readonly ClaimView[],
  now: number,
  maxSkewMs: number,
): readonly LockRequest[] {
  const ids = new Set(live.map(claimId));
  const isGone = (id: string): boolean => isClaimId(id) && !ids.has(id);
  const held = currentGrant(state, now, maxSkewMs);
  // Before the release, which hands over to the first that is left.
  const requests: LockRequest[] = state.queue.flatMap(({ id }) => (isGone(id) ? [{ kind: 'withdraw', id }] : []));
  if (held !== null && isGone(held.id)) requests.push({ kind: 'release', grantId: held.id, token: held.token });
  for (const claim of live) {
    const id = claimId(claim);
    if (held?.id === id) {
      const isDue = claim.renew === 'Auto' && now >= held.renewedAt + claim.ttlMs / 3;
      if (isDue) requests.push({ kind: 'renew', grantId: id, token: held.token });
    } else if (claim.status?.phase !== 'Held') {
      const { holder, ttlMs } = claim;
      const known = state.queue.find((waiter) => waiter.id === id)?.expiresAt ?? 0;
      // Each new time is a write, and each write an event: asking for one at each would never end.
      const waitsUntil = known - now > CLAIM_PLACE_MS / 2 ? known : now + CLAIM_PLACE_MS;
      requests.push({ kind: 'acquire', id, holder, ttlMs, lockDelayMs: 0, waitsUntil });
    }
  }
  return requests;
}

/** Null for a claim that stays as it is. */
function toStatus(claim: ClaimView, { grant, queue }: LockState, now: number): ClaimStatus | null {
  if (isOver(claim)) return null;
  const id = claimId(claim);
  if (grant?.id === id) {
    const until = grant.renewedAt + grant.ttlMs;
    return withPhase(claim, 'Held', { fencingToken: grant.token, expiresAt: until, position: null }, now);
  }
  const { fencingToken = null, expiresAt: until = null } = claim.status ?? {};
  if (claim.status?.phase === 'Held') {
    const phase = until !== null && now < until ? 'Released' : 'Expired';
    return withPhase(claim, phase, { fencingToken, expiresAt: until, position: null }, now);
  }
  const index = queue.findIndex((waiter) => waiter.id === id);
  return withPhase(
    claim,
    'Pending',
    { fencingToken, expiresAt: until, position: index === -1 ? null : index + 1 },
    now,
  );
}

const messages: Readonly<Record<ClaimPhase, string>> = {
  Pending: 'another holder has the lock, or as many as may wait do so already',
  Held: 'hand fencingToken to the resource with each write',
  Released: 'the grant was given back before its time was over',
  Expired: 'the grant was not renewed in time',
};

function withPhase(
  { status }: ClaimView,
  phase: ClaimPhase,
  rest: Pick<ClaimStatus, 'fencingToken' | 'expiresAt' | 'position'>,
  now: number,
): ClaimStatus {
  const held = phase === 'Held' ? 'True' : 'False';
  const isOld = status?.condition?.status === held;
  const lastTransitionTime = (isOld && status?.condition?.lastTransitionTime) || new Date(now).toISOString();
  const condition = {
    type: 'Held',
    status: held,
    reason: phase,
    message: messages[phase],
    lastTransitionTime,
  } as const;
  return { phase, ...rest, condition };
}

function isSame(a: ClaimStatus | null, b: ClaimStatus): boolean {
  // The schema keeps whole seconds of an instant.
  const second = (at: number | null | undefined) => (at === null || at === undefined ? null : Math.floor(at / 1_000));
  return (
    a?.phase === b.phase &&
    a.fencingToken === b.fencingToken &&
    a.position === b.position &&
    second(a.expiresAt) === second(b.expiresAt)
  );
}

function nextAt(next: LockState, live: readonly ClaimView[], now: number, maxSkewMs: number): number | null {
  const { grant } = next;
  const instants = live.flatMap((claim) => {
    if (grant?.id !== claimId(claim)) return claim.status?.phase === 'Held' ? [] : [now + CLAIM_PLACE_MS / 3];
    return [claim.renew === 'Auto' ? grant.renewedAt + claim.ttlMs / 3 : grant.renewedAt + grant.ttlMs];
  });
  if (live.length > 0 && grant !== null) instants.push(expiresAt(grant, maxSkewMs));
  return instants.length === 0 ? null : Math.max(now, Math.min(...instants));
}
