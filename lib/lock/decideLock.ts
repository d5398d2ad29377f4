/**
 * decideLock: takes all requests that have come for one lock, and gives one change of its Lease and
 * an answer to each request.
 *
 * Pure. Guarantees, where the change is written on the very state that it was decided on:
 * - K1 Tokens strictly grow. K2 There is one grant at most.
 * - K3 A grant follows a release, or an expiry by the clock of `now`.
 * - K4 A wrong grantId or token changes nothing.
 * - K5 The first waiter of the queue comes first; no new request overtakes it.
 * Does not guarantee mutual exclusion of work: docs/reference/locks.md#what-is-not-promised
 */

import type { AcquireRequest, LockAnswer, LockRequest } from './lockRequest.ts';
import { currentGrant, type Grant, type LockState, MAX_QUEUE, type Waiter } from './lockState.ts';
import { type LeasePatch, toLeasePatch } from './toLeasePatch.ts';

export interface LockDecision {
  /** Null where the Lease is already as it should be. */
  readonly patch: LeasePatch | null;
  readonly next: LockState;
  /** In the order of the requests. */
  readonly answers: readonly LockAnswer[];
  /** A grant ended because its time was over, and not by a release. */
  readonly hasExpired: boolean;
}

export function decideLock(
  state: LockState,
  requests: readonly LockRequest[],
  now: number,
  maxSkewMs: number,
): LockDecision {
  const before = currentGrant(state, now, maxSkewMs);
  const draft: Draft = { token: state.token, grant: before, queue: keepPlaces(state.queue, requests, now) };
  const grantTo = (waiter: Waiter): Grant => {
    draft.token = nextToken(state, draft.token, now);
    const { id, holder, ttlMs, lockDelayMs } = waiter;
    draft.grant = { id, holder, token: draft.token, ttlMs, lockDelayMs, acquiredAt: now, renewedAt: now };
    return draft.grant;
  };
  const handOver = (): void => {
    const [first, ...others] = draft.queue;
    if (draft.grant !== null || first === undefined) return;
    draft.queue = others;
    grantTo(first);
  };

  const answer = (request: LockRequest): LockAnswer => {
    switch (request.kind) {
      case 'acquire':
        return acquire(draft, request, grantTo);
      case 'renew': {
        if (!isHolder(draft.grant, before, request)) return { kind: 'lost' };
        const grant = { ...draft.grant, renewedAt: now };
        draft.grant = grant;
        return { kind: 'renewed', grant };
      }
      case 'release':
        if (!isHolder(draft.grant, before, request)) return { kind: 'lost' };
        draft.grant = null;
        handOver();
        return { kind: 'released' };
      case 'withdraw':
        if (draft.grant?.id === request.id) return { kind: 'granted', grant: draft.grant };
        draft.queue = draft.queue.filter(({ id }) => id !== request.id);
        return { kind: 'withdrawn' };
      case 'tick':
        return { kind: 'ticked' };
    }
  };

  handOver();
  const answers = requests.map(answer);
  const patch = toLeasePatch(state, draft);
  const next = patch === null ? state : { exists: true, ...draft };
  return { patch, next, answers, hasExpired: state.grant !== null && before === null };
}

interface Draft {
  token: number;
  grant: Grant | null;
  queue: readonly Waiter[];
}

/** Who asks in this round keeps its place, although it may be late. */
function keepPlaces(queue: readonly Waiter[], requests: readonly LockRequest[], now: number): readonly Waiter[] {
  const asking = new Map(requests.flatMap((each) => (each.kind === 'acquire' ? [[each.id, each]] : [])));
  return queue.flatMap((waiter) => {
    const request = asking.get(waiter.id);
    const until = request?.holder === waiter.holder ? request.waitsUntil : null;
    if (until !== null && until > waiter.expiresAt) return { ...waiter, expiresAt: until };
    return waiter.expiresAt > now ? waiter : [];
  });
}

function acquire(draft: Draft, request: AcquireRequest, grantTo: (waiter: Waiter) => Grant): LockAnswer {
  const { id, holder, ttlMs, lockDelayMs, waitsUntil } = request;
  const { grant, queue } = draft;
  if (grant === null) return { kind: 'granted', grant: grantTo({ id, holder, ttlMs, lockDelayMs, expiresAt: 0 }) };
  if (grant.id === id && grant.holder === holder) return { kind: 'granted', grant };
  const index = queue.findIndex((waiter) => waiter.id === id);
  const position = (index === -1 ? queue.length : index) + 1;
  const isOther = index !== -1 && queue[index]?.holder !== holder;
  if (waitsUntil === null || isOther) return { kind: 'held', holder: grant.holder, position };
  if (index !== -1) return { kind: 'waiting', position };
  if (queue.length >= MAX_QUEUE) return { kind: 'full' };
  draft.queue = [...queue, { id, holder, ttlMs, lockDelayMs, expiresAt: waitsUntil }];
  return { kind: 'waiting', position };
}

/**
 * Compares with the grant that the round began with too. No client can know the token of a later
 * one, and a guess must not end it.
 */
function isHolder(
  grant: Grant | null,
  before: Grant | null,
  { grantId, token }: { readonly grantId: string; readonly token: number },
): grant is Grant {
  return grant !== null && grant.token === before?.token && grant.id === grantId && grant.token === token;
}

/**
 * A Lease that was deleted begins again at the time, which is past every token that its predecessor
 * can have reached. A replica that remembers a greater one goes on from there.
 */
function nextToken({ exists }: LockState, known: number, now: number): number {
  return exists && known > 0 ? known + 1 : Math.max(now, known + 1);
}
