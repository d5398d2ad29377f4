/**
 * Serves who leads one pool: `GET /v1/leader/pool/{name}` and its stream of changes.
 * docs/reference/api.md#leaders
 *
 * Guarantees: the ETag is the epoch, so a reader that has it asks for nothing that it knows. A view
 * that cannot be relied on is 503, and never an old leader.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../apiError.ts';
import type { Guard } from '../auth/guard.ts';
import { openEventStream } from '../eventStream.ts';
import type { SourceName } from '../statusFeed.ts';
import type { PoolAnswer, PoolFeed } from './poolFeed.ts';

interface PoolRoute {
  Params: { name: string };
  Querystring: { namespace?: string; resumeEpoch?: string };
}

/** At 20 KB each, 200 MB of sockets and copies. */
const MAX_SUBSCRIBERS = 10_000;
const STALE = 'the watch of this namespace cannot be relied on now; ask again';

export function registerPools(app: FastifyInstance, feed: PoolFeed, guard: Guard): void {
  app.get<PoolRoute>('/v1/leader/pool/:name', async (request, reply) => {
    const source = toSource(request);
    await guard.require(request, { verb: 'get', resource: 'leaders', ...source });
    const answer = readPool(feed, source);
    const etag = `"${answer.pool.epoch}"`;
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(answer.text);
  });

  app.get<PoolRoute>('/v1/leader/pool/:name/events', async (request, reply) => {
    const source = toSource(request);
    await guard.require(request, { verb: 'watch', resource: 'leaders', ...source });
    if (feed.subscribers() >= MAX_SUBSCRIBERS)
      throw new ApiError('BUSY', `${MAX_SUBSCRIBERS} readers are connected already`);
    const first = readPool(feed, source);
    return streamPool(reply, feed, source, first, resumeEpochOf(request));
  });
}

function streamPool(
  reply: FastifyReply,
  feed: PoolFeed,
  source: SourceName,
  first: PoolAnswer,
  resumeEpoch: string | undefined,
): FastifyReply {
  let sent = '';
  const unsubscribe = feed.subscribe(source, tell);
  const stream = openEventStream(reply, unsubscribe);
  function send({ text, pool }: PoolAnswer): void {
    if (text === sent) return;
    sent = text;
    stream.send('leader', text, String(pool.epoch));
  }
  function tell(): void {
    const answer = feed.read(source);
    if (answer.kind === 'found') {
      send(answer);
      return;
    }
    const next = answer.kind === 'stale' ? 'stale' : 'removed';
    if (sent === next) return;
    sent = next;
    stream.send(next, '{}');
  }
  if (resumeEpoch === String(first.pool.epoch)) sent = first.text;
  else send(first);
  return reply;
}

function readPool(feed: PoolFeed, source: SourceName): PoolAnswer {
  const answer = feed.read(source);
  if (answer.kind === 'found') return answer;
  if (answer.kind === 'stale') throw new ApiError('STALE', STALE);
  const { namespace, name } = source;
  throw new ApiError('NOT_FOUND', `${namespace}/${name} is not an annotated Service that this process watches`);
}

/** `<service>.<namespace>[.<election>]`, or `<service>` with `?namespace=`. */
function toSource({ params, query }: FastifyRequest<PoolRoute>): SourceName {
  const [name = '', namespace = query.namespace ?? '', election = '', ...rest] = params.name.split('.');
  if (name === '' || namespace === '' || rest.length > 0)
    throw new ApiError('INVALID', 'name a pool as SERVICE.NAMESPACE, or as SERVICE with ?namespace=');
  if (election !== '')
    throw new ApiError('NOT_FOUND', `${namespace}/${name} has one election, without a name, and not ${election}`);
  return { namespace, name };
}

function resumeEpochOf({ query, headers }: FastifyRequest<PoolRoute>): string | undefined {
  const last = headers['last-event-id'];
  return query.resumeEpoch ?? (typeof last === 'string' ? last : undefined);
}
