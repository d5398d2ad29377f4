/**
 * Serves locks under `/v1/namespaces/{namespace}/locks/{name}`. docs/reference/api.md#locks
 *
 * Guarantees: who waits costs one connection and a place in the queue, and both are bounded. A
 * client that goes away leaves the queue.
 */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Clock } from '../../bridge/clock.ts';
import { absentLock } from '../../lib/lock/lockState.ts';
import { ApiError } from '../apiError.ts';
import type { Guard } from '../auth/guard.ts';
import { openEventStream } from '../eventStream.ts';
import type { LockName } from './leaseStore.ts';
import type { LockBook } from './lockBook.ts';
import { acquireSchema, holderSchema, toLockStatus } from './lockSchemas.ts';

interface Route {
  Params: { namespace: string; name: string };
}

interface LockRoutes {
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
const path = '/v1/namespaces/:namespace/locks/:name';

export function registerLocks(app: FastifyInstance, { book, guard, clock, maxSkewMs }: LockRoutes): void {
  let waiting = 0;

  async function admit(request: FastifyRequest<Route>, verb: string): Promise<LockName> {
    const { namespace, name } = request.params;
    if (!NAMESPACE.test(namespace) || !LOCK_NAME.test(name))
      throw new ApiError('INVALID', 'name a namespace, and a lock of up to 200 of a-z, 0-9, - and .');
    await guard.require(request, { verb, resource: 'locks', namespace, name });
    return { namespace, name };
  }

  app.post<Route>(`${path}/acquire`, async (request, reply) => {
    const lock = await admit(request, 'acquire');
    const { requestId, holder, ttlSeconds, waitSeconds, lockDelaySeconds } = parseBody(acquireSchema, request.body);
    if (waitSeconds > 0 && waiting >= MAX_WAITING)
      throw new ApiError('BUSY', `${MAX_WAITING} clients wait here already; ask another replica`);
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    reply.raw.once('close', leave);
    waiting += 1;
    try {
      const outcome = await book.keeper(lock).acquire(
        {
          id: requestId,
          holder,
          ttlMs: ttlSeconds * 1_000,
          lockDelayMs: lockDelaySeconds * 1_000,
          waitMs: waitSeconds * 1_000,
        },
        gone.signal,
      );
      switch (outcome.kind) {
        case 'granted': {
          const { grant, validForMs } = outcome;
          return reply.send({ token: grant.token, grantId: grant.id, validForMs });
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
      reply.raw.off('close', leave);
    }
  });

  app.post<Route>(`${path}/renew`, async (request, reply) => {
    const lock = await admit(request, 'renew');
    const { grantId, token } = parseBody(holderSchema, request.body);
    const outcome = await book.keeper(lock).renew(grantId, token);
    if (outcome.kind === 'lost') throw lost();
    return reply.send({ validForMs: outcome.validForMs });
  });

  app.post<Route>(`${path}/release`, async (request, reply) => {
    const lock = await admit(request, 'release');
    const { grantId, token } = parseBody(holderSchema, request.body);
    if ((await book.keeper(lock).release(grantId, token)) === 'lost') throw lost();
    return reply.code(204).send();
  });

  app.get<Route>(path, async (request, reply) => {
    const lock = await admit(request, 'get');
    const state = await book.keeper(lock).read();
    if (!state.exists) throw new ApiError('NOT_FOUND', `nobody has asked for the lock ${lock.namespace}/${lock.name}`);
    return reply.send(toLockStatus(lock, state, clock.now(), maxSkewMs));
  });

  app.get<Route>(`${path}/watch`, async (request, reply) => {
    const lock = await admit(request, 'watch');
    if (waiting >= MAX_WAITING) throw new ApiError('BUSY', `${MAX_WAITING} clients wait here already`);
    const first = await book.keeper(lock).read();
    waiting += 1;
    let sent = '';
    const stop = book.subscribe(lock, (state) => tell(state ?? absentLock()));
    const stream = openEventStream(reply, () => {
      waiting -= 1;
      stop();
    });
    function tell(state: Parameters<typeof toLockStatus>[1]): void {
      const text = JSON.stringify(toLockStatus(lock, state, clock.now(), maxSkewMs));
      if (text === sent) return;
      sent = text;
      stream.send('lock', text, String(state.token));
    }
    tell(first);
    return reply;
  });
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
