/**
 * Serves the status API and the live page, read-only, as schemas/openapi.json describes them.
 *
 * Guarantees: the server cuts off a reader that is too slow, so that no browser holds memory here.
 * The reader connects again and receives the whole state. Readers of /v1/leaders share one answer
 * for a second. However many read, the event loop turns between portions of the state. It answers
 * only for a Host that a stranger cannot own, so that no web page reads it through a name of its
 * own.
 * Does not guarantee secrecy. A client that reaches the port sees names of Services and pods, as it
 * does in /metrics.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */

import type { FastifyInstance, FastifyReply, onRequestAsyncHookHandler, onRequestHookHandler } from 'fastify';
import { noHead } from './eventStream.ts';
import { createListReader, createReaders, streamFeed } from './feedStream.ts';
import type { LockStatus } from './locks/lockSchemas.ts';
import { openApi } from './openApi.ts';
import { neverStore, requireOwnHost } from './ownHostOnly.ts';
import { pagePolicy, renderPage } from './renderStatusPage.ts';
import type { StatusEvents } from './statusEvents.ts';
import type { StatusChange, StatusFeed } from './statusFeed.ts';

/** A lock that is handed over a hundred times a second is no news each time. */
const LOCKS_EVERY_MS = 1_000;
/** Null where this process keeps none. */
export type ReadLocks = () => readonly LockStatus[] | null;

/** What a route asks before it answers. */
export type AdmitLeaders = (verb: 'get' | 'list' | 'watch') => onRequestHookHandler | onRequestAsyncHookHandler;

export function registerStatusApi(
  app: FastifyInstance,
  feed: StatusFeed,
  /** Names to answer for, beside IP addresses and localhost. */
  hosts: readonly string[] = [],
  readLocks: ReadLocks = () => null,
): void {
  const onRequest = requireOwnHost(hosts);
  neverStore(app);
  app.get('/', { onRequest }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(renderPage()),
  );
  app.get('/v1/openapi.json', { onRequest }, (_request, reply) => reply.send(openApi));
  registerLeaders(app, feed, () => onRequest, readLocks);
}

/** The leaders alone: `/v1/leaders`, one of them, and the stream of changes. */
export function registerLeaders(
  app: FastifyInstance,
  feed: StatusFeed,
  admit: AdmitLeaders,
  readLocks: ReadLocks = () => null,
): void {
  const readers = createReaders();
  const readList = createListReader(feed, 'leaders');

  app.get('/v1/leaders', { onRequest: admit('list') }, async (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(await readList()),
  );
  app.get<{ Params: { namespace: string; service: string } }>(
    '/v1/leaders/:namespace/:service',
    { onRequest: admit('get') },
    (request, reply) => {
      const { namespace, service } = request.params;
      const status = feed.read({ namespace, name: service });
      if (status !== null) return reply.send(status);
      const message = `${namespace}/${service} is not an annotated Service that this process watches`;
      return reply.code(404).send({ code: 'NOT_FOUND', message });
    },
  );
  app.get('/v1/events', { ...noHead, onRequest: admit('watch') }, (_request, reply) => {
    if (!readers.admit(reply)) return reply;
    reply.hijack();
    streamLeaders(reply, feed, readLocks, readers.leave);
    return reply;
  });
}

/** Each change, and the locks where they have changed. */
function streamLeaders(reply: FastifyReply, feed: StatusFeed, readLocks: ReadLocks, onEnd: () => void): void {
  const stream = streamFeed<StatusChange>(reply, feed, { whole: 'leader', toEvent }, () => {
    clearInterval(lookAtLocks);
    onEnd();
  });
  let sentLocks = '';
  const sendLocks = (): void => {
    const locks = readLocks();
    const text = JSON.stringify(locks);
    if (locks === null || text === sentLocks) return;
    sentLocks = text;
    stream.send('locks', locks);
  };
  sendLocks();
  const lookAtLocks = setInterval(sendLocks, LOCKS_EVERY_MS);
}

function toEvent(change: StatusChange): readonly [keyof StatusEvents, object] {
  return change.kind === 'leader'
    ? ['leader', change.status]
    : ['removed', { namespace: change.namespace, service: change.service }];
}
