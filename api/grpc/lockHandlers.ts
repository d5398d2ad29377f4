/**
 * createLockHandlers: serves zenlead.v1.LockService. docs/reference/grpc.md
 *
 * Guarantees: the grant is the last message of an Acquire. A client that cancels leaves the queue.
 */

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import type { LockStatus } from '../locks/lockSchemas.ts';
import type { LockService as Locks } from '../locks/lockService.ts';
import {
  AcquireResponseSchema,
  type LockSchema,
  type LockService,
  type WatchLockResponseSchema,
} from './generated/zenlead/v1/lock_pb.js';
import { callerKey } from './grpcContext.ts';
import { streamLatest } from './streamLatest.ts';

export function createLockHandlers(locks: Locks): ServiceImpl<typeof LockService> {
  return {
    async *acquire({ namespace, name, ...body }, { values, signal }) {
      const caller = values.get(callerKey);
      yield* streamLatest<MessageInitShape<typeof AcquireResponseSchema>>(
        ({ put, end, fail }) => {
          const gone = new AbortController();
          locks
            .acquire(caller, { namespace, name }, body, AbortSignal.any([signal, gone.signal]), (place) =>
              put('place', { event: { case: 'waiting', value: place } }),
            )
            .then(({ token, grantId, validForMs }) => {
              const value = { token: BigInt(token), grantId, validForMs: BigInt(validForMs) };
              put('grant', create(AcquireResponseSchema, { event: { case: 'grant', value } }));
              end();
            })
            .catch(fail);
          return () => gone.abort();
        },
        () => ({ event: { case: 'heartbeat', value: {} } }),
        signal,
      );
    },

    async renew({ namespace, name, grantId, token }, { values }) {
      const { validForMs } = await locks.renew(values.get(callerKey), { namespace, name }, toHolder(grantId, token));
      return { validForMs: BigInt(validForMs) };
    },

    async release({ namespace, name, grantId, token }, { values }) {
      await locks.release(values.get(callerKey), { namespace, name }, toHolder(grantId, token));
      return {};
    },

    async getLock({ namespace, name }, { values }) {
      return { lock: toMessage(await locks.read(values.get(callerKey), { namespace, name })) };
    },

    async *watchLock({ namespace, name }, { values, signal }) {
      const follow = await locks.watch(values.get(callerKey), { namespace, name });
      yield* streamLatest<MessageInitShape<typeof WatchLockResponseSchema>>(
        ({ put }) => follow((status) => put('lock', { event: { case: 'lock', value: toMessage(status) } })),
        () => ({ event: { case: 'heartbeat', value: {} } }),
        signal,
      );
    },
  };
}

/** A token past what a number holds exactly is that of no grant, and the schema refuses it. */
function toHolder(grantId: string, token: bigint): object {
  return { grantId, token: Number(token) };
}

function toMessage(status: LockStatus): MessageInitShape<typeof LockSchema> {
  const { namespace, name, held, holder, token, acquiredAt, renewedAt, queue } = status;
  return {
    namespace,
    name,
    held,
    ...(holder !== null && { holder }),
    token: BigInt(token),
    ...(acquiredAt !== null && { acquiredAt: timestampFromMs(Date.parse(acquiredAt)) }),
    ...(renewedAt !== null && { renewedAt: timestampFromMs(Date.parse(renewedAt)) }),
    queue,
  };
}
