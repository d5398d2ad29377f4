/**
 * onManualLockEvent: one pass over one lock and the claims to it. It reads the Lease, decides,
 * writes the Lease, then the status of each claim.
 *
 * Guarantees: no state is kept between two passes. The Lease is changed by compare-and-swap, and
 * decided on again after a conflict. No grant is taken from a claim that a LIST still has, and none
 * is given to a claim that a LIST shows as over. No claim is told that its grant is over by a Lease
 * of before the grant. A status is written after the Lease that it tells of, and never over a newer
 * version of its claim. A Lease that was deleted goes on with greater tokens than the bridge has
 * seen, and than any claim was told.
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import { type KubeApi, leases, manualLockStatus, manualLocks } from '../../lib/kube/kubeApi.ts';
import { listAll } from '../../lib/kube/listAll.ts';
import { type ClaimStatus, type ClaimView, isClaimId } from '../../lib/lock/claims/claim.ts';
import type { ClaimEventData, ClaimReplyData } from '../../lib/lock/claims/claimEvent.ts';
import { type ClaimsDecision, decideClaims, namesOthers } from '../../lib/lock/claims/decideClaims.ts';
import { parseClaim } from '../../lib/lock/claims/parseClaim.ts';
import { toLeaseName } from '../../lib/lock/lockNames.ts';
import { absentLock, currentGrant, type LockState } from '../../lib/lock/lockState.ts';
import { type LockView, parseLock } from '../../lib/lock/parseLock.ts';
import { toLeaseObject } from '../../lib/lock/toLeaseObject.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';

export interface ClaimDeps {
  readonly api: KubeApi;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly maxSkewMs: number;
  readonly metrics: Pick<Metrics, 'lockGrants' | 'lockExpiries' | 'lockConflicts'>;
}

/** Each conflict means that another replica has decided. The sender tries again then. */
const MAX_PASSES = 6;

export async function onManualLockEvent(
  data: ClaimEventData,
  deps: ClaimDeps,
  signal: AbortSignal,
): Promise<ClaimReplyData> {
  const { namespace, lock } = data;
  const { now, maxSkewMs, metrics } = deps;
  const isSnapshotFresh = data.snapshot !== undefined && now() < data.deadline;
  for (let pass = 0; pass < MAX_PASSES; pass += 1) {
    const seen = await readLease(deps, namespace, lock, signal);
    const decideOn = (claims: readonly ClaimView[]) => {
      const state = seen?.state ?? absentLock(greatestToken(data, claims));
      const at = now();
      return { state, at, claims, ...decideClaims(state, claims, at, maxSkewMs) };
    };
    let decided = data.snapshot !== undefined && isSnapshotFresh && pass === 0 ? decideOn(data.snapshot) : null;
    // The watch may not have brought yet what another replica has granted, told or lost. What a
    // LIST after the read of the Lease does not have, no writer of that Lease has told.
    if (decided === null || namesOthers(decided.state, decided.claims) || grantsAnew(decided.state, decided.lock.next))
      decided = decideOn(await listClaims(deps, namespace, lock, signal));
    const { state, at, lock: decision, statuses, nextAt } = decided;
    if (decision.patch !== null) {
      if (!(await writeLease(deps, namespace, lock, seen, decision.patch, signal))) {
        metrics.lockConflicts.inc();
        continue;
      }
      if (decision.hasExpired) metrics.lockExpiries.inc();
      if (decision.next.grant !== null && decision.next.token !== state.token) metrics.lockGrants.inc();
    } else if (statuses.some(endsClaim) && !(await isStill(deps, namespace, lock, seen, signal))) {
      // The claim was told of a grant that this Lease, read before, does not have yet.
      continue;
    }
    for (const { claim, status } of statuses) await writeStatus(deps, claim, status, signal);
    const { next } = decision;
    return {
      decision: decision.patch === null ? 'kept' : 'changed',
      holder: currentGrant(next, at, maxSkewMs)?.holder ?? null,
      token: next.token,
      waiting: next.queue.length,
      ...(nextAt !== null && { recheckAfterMs: Math.max(0, nextAt - now()) }),
    };
  }
  throw new ZenLeadError('KUBE_CONFLICT', `lock ${namespace}/${lock}: others change it all the time`, {
    retry: 'later',
  });
}

/** True where a claim gets the lock that did not have it. */
function grantsAnew({ grant: had }: LockState, { grant: has }: LockState): boolean {
  return has !== null && has.id !== had?.id && isClaimId(has.id);
}

/** True where a claim would be told that its grant is over. */
function endsClaim({ claim, status }: ClaimsDecision['statuses'][number]): boolean {
  return claim.status?.phase === 'Held' && status.phase !== 'Held';
}

/** Of the lock: what the bridge has seen, and what claims were told. 0 for none. */
function greatestToken({ knownToken = 0 }: ClaimEventData, claims: readonly ClaimView[]): number {
  return claims.reduce((greatest, { status }) => Math.max(greatest, status?.fencingToken ?? 0), knownToken);
}

async function listClaims(
  { api }: ClaimDeps,
  namespace: string,
  lock: string,
  signal: AbortSignal,
): Promise<readonly ClaimView[]> {
  let claims: ClaimView[] = [];
  const begin = () => {
    claims = [];
    return (object: unknown): void => {
      const claim = parseClaim(object);
      if (claim.lock === lock) claims.push(claim);
    };
  };
  await listAll(api, { resource: manualLocks, namespace }, { begin }, signal);
  return claims;
}

async function readLease(
  { api }: ClaimDeps,
  namespace: string,
  lock: string,
  signal: AbortSignal,
): Promise<LockView | null> {
  try {
    return parseLock(await api.get(leases, namespace, toLeaseName(lock), signal));
  } catch (error) {
    if (codeOf(error) !== 'KUBE_NOT_FOUND') throw error;
    return null;
  }
}

async function isStill(
  deps: ClaimDeps,
  namespace: string,
  lock: string,
  seen: LockView | null,
  signal: AbortSignal,
): Promise<boolean> {
  const now = await readLease(deps, namespace, lock, signal);
  return now?.uid === seen?.uid && now?.resourceVersion === seen?.resourceVersion;
}

/** False where the Lease is not what was decided on any more. */
async function writeLease(
  { api }: ClaimDeps,
  namespace: string,
  lock: string,
  seen: LockView | null,
  patch: Parameters<typeof toLeaseObject>[2],
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (seen === null) await api.create(leases, namespace, toLeaseObject(namespace, lock, patch), signal);
    else {
      const { uid, resourceVersion } = seen;
      const body = { ...patch, metadata: { ...patch.metadata, uid, resourceVersion } };
      await api.mergePatch(leases, namespace, seen.name, body, signal);
    }
    return true;
  } catch (error) {
    const code = codeOf(error);
    const isGone = code === 'KUBE_NOT_FOUND' && seen !== null;
    if (code === 'KUBE_CONFLICT' || code === 'KUBE_ALREADY_EXISTS' || isGone) return false;
    throw error;
  }
}

/** A claim that has changed or gone is looked at again when the watch brings that. */
async function writeStatus(
  { api }: ClaimDeps,
  { namespace, name, uid, resourceVersion }: ClaimView,
  { phase, fencingToken, expiresAt, position, condition }: ClaimStatus,
  signal: AbortSignal,
): Promise<void> {
  const status = {
    phase,
    fencingToken,
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    position,
    conditions: condition === null ? null : [condition],
  };
  try {
    await api.mergePatch(manualLockStatus, namespace, name, { metadata: { uid, resourceVersion }, status }, signal);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'KUBE_CONFLICT' && code !== 'KUBE_NOT_FOUND') throw error;
  }
}
