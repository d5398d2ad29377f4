/**
 * createLockService: what REST and gRPC both do with locks: read the request, ask for the right,
 * decide, and answer.
 *
 * Guarantees: every refusal is an ApiError. Who waits costs one connection and a place in the
 * queue, and both are bounded. A client that goes away leaves the queue.
 */

import type { z } from 'zod';
import type { Clock } from '../../bridge/clock.ts';
import { ZenLeadError } from '../../lib/errors.ts';
import { absentLock, type LockState } from '../../lib/lock/lockState.ts';
import { ApiError } from '../apiError.ts';
import type { Caller, Guard } from '../auth/guard.ts';
import type { LockName } from './leaseStore.ts';
import type { LockBook } from './lockBook.ts';
import { acquireSchema, holderSchema, type LockStatus, toLockStatus } from './lockSchemas.ts';

export interface LockGrant {
  readonly token: number;
  readonly grantId: string;
  readonly validForMs: number;
}

/** The place of a request that waits. */
export interface LockPlace {
  /** Empty for none. */
  readonly holder: string;
  /** From 1. */
  readonly position: number;
}

export interface LockService {
  /** Bodies are what a client has sent, not checked yet. `onPlace` is called as the queue moves. */
  acquire(
    caller: Caller,
    lock: LockName,
    body: unknown,
    signal: AbortSignal,
    onPlace?: (place: LockPlace) => void,
  ): Promise<LockGrant>;
  renew(caller: Caller, lock: LockName, body: unknown): Promise<{ readonly validForMs: number }>;
  release(caller: Caller, lock: LockName, body: unknown): Promise<void>;
  read(caller: Caller, lock: LockName): Promise<LockStatus>;
  /** The state, and then each change, until the returned function is called. */
  watch(caller: Caller, lock: LockName): Promise<(onStatus: (status: LockStatus) => void) => () => void>;
}

interface LockServiceDeps {
  readonly book: LockBook;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly maxSkewMs: number;
}

/** Of the whole replica: acquires that wait, and readers of changes. */
const MAX_WAITING = 10_000;
/** With `zenlock-` before it, it is the name of a Lease: 253 characters, and room to spare. */
const LOCK_NAME = /^(?=.{1,200}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

export function createLockService({ book, guard, clock, maxSkewMs }: LockServiceDeps): LockService {
  let waiting = 0;

  async function admit(caller: Caller, { namespace, name }: LockName, verb: string): Promise<void> {
    if (!NAMESPACE.test(namespace) || !LOCK_NAME.test(name))
      throw new ApiError('INVALID', 'name a namespace, and a lock of up to 200 of a-z, 0-9, - and .');
    await guard.require(caller, { verb, resource: 'locks', namespace, name });
  }

  /** Tells the place of one request whenever it changes. */
  function followPlace(lock: LockName, id: string, onPlace: (place: LockPlace) => void): () => void {
    let told = '';
    return book.subscribe(lock, (state) => {
      const index = state?.queue.findIndex((waiter) => waiter.id === id) ?? -1;
      if (index === -1) return;
      const place = { holder: state?.grant?.holder ?? '', position: index + 1 };
      const text = JSON.stringify(place);
      if (text === told) return;
      told = text;
      onPlace(place);
    });
  }

  return {
    async acquire(caller, lock, body, signal, onPlace) {
      await admit(caller, lock, 'acquire');
      // Its grant would be held until it expires.
      if (signal.aborted)
        throw new ZenLeadError('ABORTED', `lock ${lock.name}: the client has gone`, { retry: 'never' });
      const { requestId, holder, ttlSeconds, waitSeconds, lockDelaySeconds } = parseBody(acquireSchema, body);
      if (waitSeconds > 0 && waiting >= MAX_WAITING)
        throw new ApiError('BUSY', `${MAX_WAITING} clients wait here already; ask another replica`);
      waiting += 1;
      const stopFollowing = onPlace === undefined ? () => {} : followPlace(lock, requestId, onPlace);
      try {
        const outcome = await book.keeper(lock).acquire(
          {
            id: requestId,
            holder,
            ttlMs: ttlSeconds * 1_000,
            lockDelayMs: lockDelaySeconds * 1_000,
            waitMs: waitSeconds * 1_000,
          },
          signal,
        );
        switch (outcome.kind) {
          case 'granted': {
            const { grant, validForMs } = outcome;
            return { token: grant.token, grantId: grant.id, validForMs };
          }
          case 'held': {
            const { holder: by, position } = outcome;
            throw new ApiError('HELD', `${by} holds the lock`, { holder: by, position });
          }
          case 'full':
            throw new ApiError('QUEUE_FULL', 'as many as may wait for this lock do so already');
        }
      } finally {
        waiting -= 1;
        stopFollowing();
      }
    },
    async renew(caller, lock, body) {
      await admit(caller, lock, 'renew');
      const { grantId, token } = parseBody(holderSchema, body);
      const outcome = await book.keeper(lock).renew(grantId, token);
      if (outcome.kind === 'lost') throw lost();
      return { validForMs: outcome.validForMs };
    },
    async release(caller, lock, body) {
      await admit(caller, lock, 'release');
      const { grantId, token } = parseBody(holderSchema, body);
      if ((await book.keeper(lock).release(grantId, token)) === 'lost') throw lost();
    },
    async read(caller, lock) {
      await admit(caller, lock, 'get');
      const state = await book.keeper(lock).read();
      if (!state.exists)
        throw new ApiError('NOT_FOUND', `nobody has asked for the lock ${lock.namespace}/${lock.name}`);
      return toLockStatus(lock, state, clock.now(), maxSkewMs);
    },
    async watch(caller, lock) {
      await admit(caller, lock, 'watch');
      if (waiting >= MAX_WAITING) throw new ApiError('BUSY', `${MAX_WAITING} clients wait here already`);
      const first = await book.keeper(lock).read();
      return (onStatus) => {
        waiting += 1;
        let told = '';
        const tell = (state: LockState): void => {
          const status = toLockStatus(lock, state, clock.now(), maxSkewMs);
          const text = JSON.stringify(status);
          if (text === told) return;
          told = text;
          onStatus(status);
        };
        const stop = book.subscribe(lock, (state) => tell(state ?? absentLock()));
        tell(first);
        return () => {
          waiting -= 1;
          stop();
        };
      };
    },
  };
}

function lost(): ApiError {
  return new ApiError('LOST', 'this grant does not hold the lock; stop the work, and acquire again');
}

function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const [issue] = error.issues;
  throw new ApiError('INVALID', `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'cannot be read'}`);
}
