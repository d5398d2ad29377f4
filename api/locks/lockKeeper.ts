/**
 * createLockKeeper: decides about one lock, for all clients that ask this replica.
 *
 * Guarantees:
 * - One compare-and-swap in flight. What comes meanwhile goes into the next one, all at once.
 * - Places in the queue of a lock that is held wait some milliseconds for a release to go with.
 * - An answer rests on a write of its own, or on a Lease that was read after the request had come.
 *   What the watch has delivered may be old, and alone it refuses nobody.
 * - Who waits gets its grant from the watch, whichever replica wrote it.
 * - Nothing is given back for a client that has gone: another connection with the same request may
 *   rely on the grant. It expires.
 * Does not guarantee an answer while the API server is away. Who waits then goes on waiting.
 */

import { backoffMs } from '../../bridge/backoff.ts';
import type { CancelTimer, Clock } from '../../bridge/clock.ts';
import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import { decideLock, type LockDecision } from '../../lib/lock/decideLock.ts';
import type { LockAnswer, LockRequest } from '../../lib/lock/lockRequest.ts';
import {
  absentLock,
  currentGrant,
  expiresAt,
  type Grant,
  type LockState,
  validForMs,
} from '../../lib/lock/lockState.ts';
import type { LockView } from '../../lib/lock/parseLock.ts';
import { compareRevisions } from '../../lib/selection/compareRevisions.ts';
import type { LeaseStore, LockName } from './leaseStore.ts';

export interface KeeperDeps {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly maxSkewMs: number;
  readonly metrics: LockMetrics;
}

/** What a keeper counts. */
export interface LockMetrics {
  granted(count: number): void;
  expired(): void;
  conflicted(): void;
  waited(seconds: number): void;
}

export interface Acquisition {
  readonly id: string;
  readonly holder: string;
  readonly ttlMs: number;
  readonly lockDelayMs: number;
  /** 0 for one answer at once. */
  readonly waitMs: number;
}

export type AcquireOutcome =
  | { readonly kind: 'granted'; readonly grant: Grant; readonly validForMs: number }
  | { readonly kind: 'held'; readonly holder: string; readonly position: number }
  | { readonly kind: 'full' };

export type RenewOutcome = { readonly kind: 'renewed'; readonly validForMs: number } | { readonly kind: 'lost' };

export interface LockKeeper {
  /** Rejects with `ABORTED` when the client has gone. */
  acquire(wish: Acquisition, signal: AbortSignal): Promise<AcquireOutcome>;
  renew(grantId: string, token: number): Promise<RenewOutcome>;
  release(grantId: string, token: number): Promise<'released' | 'lost'>;
  /** Reads the Lease. */
  read(): Promise<LockState>;
  /** What the watch has delivered. Null for a deletion of the Lease of this uid. */
  observe(view: LockView | null, uid: string): void;
  /** The greatest token that this replica knows of. */
  token(): number;
  /** A request is under way, or a client waits. */
  isBusy(): boolean;
  close(): void;
}

/** How long a place in the queue is kept for a waiter that this replica no longer asks for. */
export const PLACE_MS = 30_000;
/** How often this replica asks again for all that wait, well under `PLACE_MS`. */
export const ASK_AGAIN_MS = 10_000;
/**
 * How long a place in the queue of a held lock waits for a release to be written with. A client
 * that takes turns asks again at once, and a write for that alone holds up the next release: 64
 * clients of two replicas cost 1.7 calls a grant without this, and 1.1 with it.
 */
const GATHER_MS = 50;
/** Each conflict means that another replica has decided. */
const MAX_ATTEMPTS = 16;
/** For who waits while the API server is away. */
const RETRY = { minMs: 100, maxMs: 2_000 };

interface Pending {
  readonly request: LockRequest;
  readonly resolve: (answer: LockAnswer) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting extends Acquisition {
  readonly receivedAt: number;
  isAsking: boolean;
  /** Its wait is over, and it must not get a place again. */
  isLeaving: boolean;
  readonly settle: (outcome: AcquireOutcome | ZenLeadError) => void;
}

export function createLockKeeper(lock: LockName, deps: KeeperDeps, known = 0): LockKeeper {
  const { store, clock, random, maxSkewMs, metrics } = deps;
  const closing = new AbortController();
  const waiting = new Set<Waiting>();
  let pending: Pending[] = [];
  let isWriting = false;
  /** Undefined until the Lease was seen. */
  let view: LockView | null | undefined;
  let token = known;
  let failures = 0;
  let cancelTimer: CancelTimer = () => {};
  let cancelGathering: CancelTimer | null = null;

  function toState(): LockState {
    if (view === undefined || view === null) return absentLock(token);
    // An older backup of etcd has a smaller token.
    return view.state.token >= token ? view.state : { ...view.state, token };
  }

  function take(seen: LockView | null): void {
    if (seen !== null && view && compareRevisions(seen.resourceVersion, view.resourceVersion) === 'older') return;
    view = seen;
    if (seen !== null) token = Math.max(token, seen.state.token);
    tellWaiting();
    if (cancelGathering !== null && !mayGather()) void pump();
  }

  async function read(): Promise<void> {
    const seen = await store.read(lock, closing.signal);
    // An answer is as new as anything: a restored etcd starts lower.
    view = seen;
    take(seen);
  }

  async function decide(requests: readonly LockRequest[]): Promise<LockDecision> {
    let isConfirmed = view === undefined;
    if (isConfirmed) await read();
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const seen = view ?? null;
      const decision = decideLock(toState(), requests, clock.now(), maxSkewMs);
      if (decision.patch === null && isConfirmed) return decision;
      if (decision.patch !== null) {
        const written = await store.write(lock, seen, decision.patch, closing.signal);
        if (written !== null) {
          count(seen, decision);
          take(written);
          return decision;
        }
        metrics.conflicted();
      }
      await read();
      isConfirmed = true;
    }
    throw new ZenLeadError('BUSY', `lock ${lock.namespace}/${lock.name}: other replicas change it all the time`, {
      retry: 'later',
    });
  }

  function count(seen: LockView | null, { next, hasExpired }: LockDecision): void {
    if (hasExpired) metrics.expired();
    if (next.grant !== null && next.grant.token !== seen?.state.grant?.token) metrics.granted(1);
  }

  function submit(request: LockRequest): Promise<LockAnswer> {
    return new Promise((resolve, reject) => {
      pending.push({ request, resolve, reject });
      void pump();
    });
  }

  /** All that is pending asks for a place behind a client that has the lock. */
  function mayGather(): boolean {
    const grant = currentGrant(toState(), clock.now(), maxSkewMs);
    return (
      grant !== null &&
      pending.every(
        ({ request }) => request.kind === 'acquire' && request.waitsUntil !== null && request.id !== grant.id,
      )
    );
  }

  async function pump(hasGathered = false): Promise<void> {
    if (isWriting || pending.length === 0) return;
    if (!hasGathered && mayGather()) {
      cancelGathering ??= clock.setTimer(() => void pump(true), GATHER_MS);
      return;
    }
    cancelGathering?.();
    cancelGathering = null;
    isWriting = true;
    do {
      const batch = pending;
      pending = [];
      try {
        const { answers } = await decide(batch.map(({ request }) => request));
        failures = 0;
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index] ?? { kind: 'ticked' });
      } catch (error) {
        // What the Lease holds now is not known.
        view = undefined;
        failures += 1;
        for (const { reject } of batch) reject(error);
      }
    } while (pending.length > 0 && !mayGather());
    isWriting = false;
    void pump();
  }

  function toGranted(grant: Grant, receivedAt: number): AcquireOutcome {
    const waitedMs = clock.monotonic() - receivedAt;
    return { kind: 'granted', grant, validForMs: validForMs(grant, clock.now(), waitedMs) };
  }

  /** Asks for a place, or for the grant. The answer comes here or from the watch. */
  async function ask(waiter: Waiting): Promise<void> {
    if (waiter.isAsking || waiter.isLeaving) return;
    waiter.isAsking = true;
    const { id, holder, ttlMs, lockDelayMs, waitMs, receivedAt } = waiter;
    const leftMs = Math.max(1, waitMs - (clock.monotonic() - receivedAt));
    const waitsUntil = clock.now() + Math.min(leftMs, PLACE_MS);
    try {
      const answer = await submit({ kind: 'acquire', id, holder, ttlMs, lockDelayMs, waitsUntil });
      waiter.isAsking = false;
      if (answer.kind === 'granted') waiter.settle(toGranted(answer.grant, receivedAt));
      else if (answer.kind === 'full' || answer.kind === 'held') waiter.settle(answer);
    } catch (error) {
      waiter.isAsking = false;
      if (!isPassing(error)) waiter.settle(toOurs(error));
    }
    setTimer();
  }

  /** After every new view: who has got the lock, and whether those who wait have to ask. */
  function tellWaiting(): void {
    const state = toState();
    const grant = currentGrant(state, clock.now(), maxSkewMs);
    for (const waiter of waiting) {
      if (grant?.id === waiter.id && grant.holder === waiter.holder) waiter.settle(toGranted(grant, waiter.receivedAt));
      else if (grant === null || !state.queue.some(({ id }) => id === waiter.id)) void ask(waiter);
    }
    setTimer();
  }

  /** When those who wait have to ask next: at an expiry, or so that they keep their places. */
  function setTimer(): void {
    cancelTimer();
    if (waiting.size === 0 || closing.signal.aborted) return;
    const { grant } = toState();
    const untilExpiryMs = grant === null ? ASK_AGAIN_MS : expiresAt(grant, maxSkewMs) - clock.now();
    const waitMs = failures > 0 ? backoffMs(failures, RETRY, random()) : Math.min(ASK_AGAIN_MS, untilExpiryMs);
    cancelTimer = clock.setTimer(
      () => {
        for (const waiter of waiting) void ask(waiter);
      },
      Math.max(1, waitMs),
    );
  }

  function waitFor(wish: Acquisition, signal: AbortSignal): Promise<AcquireOutcome> {
    return new Promise((resolve, reject) => {
      const finish = (outcome: AcquireOutcome | ZenLeadError): void => {
        if (!waiting.delete(waiter)) return;
        cancelEnd();
        signal.removeEventListener('abort', leave);
        closing.signal.removeEventListener('abort', leave);
        if (outcome instanceof ZenLeadError) reject(outcome);
        else {
          if (outcome.kind === 'granted') metrics.waited((clock.monotonic() - waiter.receivedAt) / 1_000);
          resolve(outcome);
        }
      };
      const waiter: Waiting = {
        ...wish,
        receivedAt: clock.monotonic(),
        isAsking: false,
        isLeaving: false,
        settle: finish,
      };
      const leave = (): void => {
        finish(new ZenLeadError('ABORTED', `lock ${lock.name}: the client has gone`, { retry: 'never' }));
        submit({ kind: 'withdraw', id: wish.id }).catch(() => {
          // The place expires.
        });
      };
      const end = (): void => {
        waiter.isLeaving = true;
        submit({ kind: 'withdraw', id: wish.id }).then(
          (answer) => finish(answer.kind === 'granted' ? toGranted(answer.grant, waiter.receivedAt) : toHeld(waiter)),
          (error: unknown) => finish(toOurs(error)),
        );
      };
      const cancelEnd = clock.setTimer(end, wish.waitMs);
      waiting.add(waiter);
      signal.addEventListener('abort', leave, { once: true });
      closing.signal.addEventListener('abort', leave, { once: true });
      void ask(waiter);
    });
  }

  function toHeld({ id }: Waiting): AcquireOutcome {
    const { grant, queue } = toState();
    const index = queue.findIndex((waiter) => waiter.id === id);
    return { kind: 'held', holder: grant?.holder ?? '', position: (index === -1 ? queue.length : index) + 1 };
  }

  return {
    async acquire(wish, signal) {
      if (wish.waitMs > 0) return waitFor(wish, signal);
      const { id, holder, ttlMs, lockDelayMs } = wish;
      const receivedAt = clock.monotonic();
      const answer = await submit({ kind: 'acquire', id, holder, ttlMs, lockDelayMs, waitsUntil: null });
      if (answer.kind === 'granted') return toGranted(answer.grant, receivedAt);
      return answer.kind === 'held' ? answer : { kind: 'full' };
    },
    async renew(grantId, tokenGiven) {
      const receivedAt = clock.monotonic();
      const answer = await submit({ kind: 'renew', grantId, token: tokenGiven });
      if (answer.kind !== 'renewed') return { kind: 'lost' };
      return {
        kind: 'renewed',
        validForMs: validForMs(answer.grant, clock.now(), clock.monotonic() - receivedAt),
      };
    },
    async release(grantId, tokenGiven) {
      const answer = await submit({ kind: 'release', grantId, token: tokenGiven });
      return answer.kind === 'released' ? 'released' : 'lost';
    },
    async read() {
      await read();
      return toState();
    },
    observe(seen, uid) {
      if (seen !== null) take(seen);
      else if (view !== undefined && view?.uid === uid) take(null);
    },
    token: () => token,
    isBusy: () => isWriting || pending.length > 0 || waiting.size > 0,
    close() {
      cancelTimer();
      cancelGathering?.();
      closing.abort();
    },
  };
}

/** What an API server in trouble answers; who waits asks again. */
function isPassing(error: unknown): boolean {
  const code = codeOf(error);
  // Of a create that is not found, the namespace is not there.
  if (code === 'KUBE_FORBIDDEN' || code === 'KUBE_NOT_FOUND') return false;
  return error instanceof ZenLeadError && error.retry !== 'never';
}

function toOurs(error: unknown): ZenLeadError {
  if (error instanceof ZenLeadError) return error;
  return new ZenLeadError('KUBE_UNAVAILABLE', 'the lock could not be decided on', { retry: 'later', cause: error });
}
