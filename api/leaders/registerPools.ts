/**
 * Serves who leads one pool: `GET /v1/leader/pool/{name}` and its stream of changes.
 * docs/reference/api.md#leaders
 *
 * Guarantees: the ETag is the epoch, or those of all slots, so a reader that has it asks for
 * nothing that it knows. A view that cannot be relied on is 503, and never an old leader.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { toCaller } from '../auth/guard.ts';
import { type EventStreams, noHead, openEventStream } from '../eventStream.ts';
import type { LeaderQueries, PoolSubscription } from './leaderQueries.ts';
import type { PoolName, PoolReading } from './poolFeed.ts';

interface PoolRoute {
  Params: { name: string };
  Querystring: { namespace?: string; resumeEpoch?: string };
}

export function registerPools(app: FastifyInstance, leaders: LeaderQueries, streams: EventStreams): void {
  app.get<PoolRoute>('/v1/leader/pool/:name', async (request, reply) => {
    const answer = await leaders.read(toCaller(request.raw), toPoolName(request));
    const etag = `"${answer.tag}"`;
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(answer.text);
  });

  app.get<PoolRoute>('/v1/leader/pool/:name/events', noHead, async (request, reply) => {
    const follow = await leaders.watch(toCaller(request.raw), toPoolName(request));
    return streamPool(reply, follow, resumeEpochOf(request), streams);
  });
}

function streamPool(
  reply: FastifyReply,
  { first, subscribe }: PoolSubscription,
  resumeEpoch: string | undefined,
  streams: EventStreams,
): FastifyReply {
  let sent = '';
  const unsubscribe = subscribe(tell);
  const stream = openEventStream(reply, streams, unsubscribe);
  function tell(reading: PoolReading): void {
    const next = reading.kind === 'found' ? reading.text : reading.kind;
    if (next === sent) return;
    sent = next;
    if (reading.kind === 'found') stream.send('leader', reading.text, reading.tag);
    else stream.send(reading.kind === 'stale' ? 'stale' : 'removed', '{}');
  }
  if (resumeEpoch === first.tag) sent = first.text;
  else tell(first);
  return reply;
}

/** `<service>.<namespace>[.<election>]`, or `<service>` with `?namespace=`. */
function toPoolName({ params, query }: FastifyRequest<PoolRoute>): PoolName {
  const [name = '', namespace = query.namespace ?? '', election = '', ...rest] = params.name.split('.');
  if (rest.length > 0) return { namespace: '', name: '', election };
  return { namespace, name, election };
}

function resumeEpochOf({ query, headers }: FastifyRequest<PoolRoute>): string | undefined {
  const last = headers['last-event-id'];
  return query.resumeEpoch ?? (typeof last === 'string' ? last : undefined);
}
