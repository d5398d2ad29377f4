/**
 * startClaimReplica: runs the function of ManualLocks on one replica, as a bridge does: it keeps
 * what the watches bring, runs one pass at a time after each change, again after a failure, and at
 * the time that a reply asks for. The function is the one that we ship.
 */

import { onManualLockEvent } from '../../../functions/locks/onManualLockEvent.ts';
import { type KubeApi, leases } from '../../../lib/kube/kubeApi.ts';
import type { ClaimView } from '../../../lib/lock/claims/claim.ts';
import { parseClaim } from '../../../lib/lock/claims/parseClaim.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import type { VirtualClock } from '../../support/simulated/virtualClock.ts';
import type { Random } from '../random.ts';
import type { ClaimApi } from './claimApi.ts';
import type { LockApi } from './lockApi.ts';

interface Options {
  readonly clock: VirtualClock;
  readonly random: Random;
  /** Of this replica. */
  readonly now: () => number;
  readonly maxSkewMs: number;
  readonly locks: LockApi;
  readonly lockCalls: Pick<KubeApi, 'get' | 'create' | 'mergePatch'>;
  readonly claims: ClaimApi;
  /** How late its watch of claims may be. */
  readonly lateMs: number;
  /** Takes the LIST away that comes before a grant is taken back: it gives what the watch has. */
  readonly listsFromWatch: boolean;
}

const WATCH_LATE_MS = 200;
const RETRY_MS = 200;
const metrics = createMetrics();

/** Returns what stops it at once. */
export function startClaimReplica(options: Options): () => void {
  const { clock, random, now, maxSkewMs, locks, lockCalls, claims, lateMs, listsFromWatch } = options;
  const stop = new AbortController();
  const known = new Map<string, { readonly view: ClaimView; readonly object: unknown }>();
  for (const object of claims.stored()) {
    const view = parseClaim(object);
    known.set(view.name, { view, object });
  }
  const ofClaims = claims.connect(listsFromWatch ? () => [...known.values()].map(({ object }) => object) : undefined);
  const api = {
    ...lockCalls,
    list: ofClaims.list,
    mergePatch: (resource, ...rest) =>
      resource === leases ? lockCalls.mergePatch(resource, ...rest) : ofClaims.mergePatch(resource, ...rest),
  } as Pick<KubeApi, 'get' | 'create' | 'mergePatch' | 'list'> as KubeApi;
  let knownToken = 0;
  let isRunning = false;
  let isWanted = false;
  let cancelRecheck = (): void => {};

  async function run(): Promise<void> {
    isRunning = true;
    isWanted = false;
    const snapshot = [...known.values()].map(({ view }) => view);
    const data = {
      namespace: 'shop',
      lock: 'reports',
      deadline: now() + 3_000,
      knownToken,
      ...(random.chance(0.9) && { snapshot }),
    };
    const againMs = await onManualLockEvent(data, { api, now, maxSkewMs, metrics }, stop.signal).then(
      ({ recheckAfterMs }) => recheckAfterMs,
      () => RETRY_MS,
    );
    isRunning = false;
    cancelRecheck();
    if (stop.signal.aborted) return;
    if (isWanted) wake();
    else if (againMs !== undefined) cancelRecheck = clock.setTimer(wake, againMs);
  }
  function wake(): void {
    isWanted = true;
    if (!isRunning && !stop.signal.aborted) void run();
  }

  const stops = [
    locks.watch(WATCH_LATE_MS, (view) => {
      knownToken = Math.max(knownToken, view?.state.token ?? 0);
      wake();
    }),
    claims.watch(lateMs, ({ view, isGone }) => {
      if (isGone) known.delete(view.name);
      else known.set(view.name, { view, object: toObject(view) });
      wake();
    }),
  ];
  wake();
  return () => {
    stop.abort();
    cancelRecheck();
    for (const each of stops) each();
  };
}

function toObject({ namespace, name, uid, resourceVersion, createdAt, lock, holder, ttlMs, renew, status }: ClaimView) {
  return {
    metadata: { namespace, name, uid, resourceVersion, creationTimestamp: new Date(createdAt).toISOString() },
    spec: { lock, holder, ttlSeconds: ttlMs / 1_000, renew },
    ...(status !== null && {
      status: {
        ...status,
        expiresAt: status.expiresAt === null ? null : new Date(status.expiresAt).toISOString(),
        conditions: status.condition === null ? [] : [status.condition],
      },
    }),
  };
}
