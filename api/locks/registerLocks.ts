/**
 * Serves locks over REST, under `/v1/namespaces/{namespace}/locks/{name}`.
 * docs/reference/api.md#locks
 */

import type { FastifyInstance } from 'fastify';
import { toCaller } from '../auth/guard.ts';
import { type EventStreams, noHead, openEventStream } from '../eventStream.ts';
import { onceClosed } from '../onceClosed.ts';
import type { LockService } from './lockService.ts';

interface Route {
  Params: { namespace: string; name: string };
}

const path = '/v1/namespaces/:namespace/locks/:name';

export function registerLocks(app: FastifyInstance, locks: LockService, streams: EventStreams): void {
  app.post<Route>(`${path}/acquire`, async ({ raw, params, body }, reply) => {
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    onceClosed(reply.raw, leave);
    try {
      return reply.send(await locks.acquire(toCaller(raw), params, body, gone.signal));
    } finally {
      reply.raw.off('close', leave);
    }
  });

  app.post<Route>(`${path}/renew`, async ({ raw, params, body }, reply) =>
    reply.send(await locks.renew(toCaller(raw), params, body)),
  );

  app.post<Route>(`${path}/release`, async ({ raw, params, body }, reply) => {
    await locks.release(toCaller(raw), params, body);
    return reply.code(204).send();
  });

  app.get<Route>(path, async ({ raw, params }, reply) => reply.send(await locks.read(toCaller(raw), params)));

  app.get<Route>(`${path}/watch`, noHead, async ({ raw, params }, reply) => {
    const follow = await locks.watch(toCaller(raw), params);
    let stop = (): void => {};
    const stream = openEventStream(reply, streams, () => stop());
    stop = follow((status) => stream.send('lock', JSON.stringify(status), String(status.token)));
    return reply;
  });
}
