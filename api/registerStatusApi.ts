/**
 * Serves the status API and the live page, read-only, as schemas/openapi.json describes them.
 *
 * Guarantees: the server cuts off a reader that is too slow, so that no browser holds memory here.
 * The reader connects again and receives the whole state.
 * Does not guarantee secrecy. A client that reaches the port sees names of Services and pods, as it
 * does in /metrics.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */

import type { FastifyInstance, FastifyReply } from 'fastify';
import { openApi } from './openApi.ts';
import { pagePolicy, renderPage } from './renderStatusPage.ts';
import type { StatusEvents } from './statusEvents.ts';
import type { StatusChange, StatusFeed } from './statusFeed.ts';

/** One for each browser tab; each costs a socket and a copy of what it has not read yet. */
const MAX_SUBSCRIBERS = 64;
/** 1,000 Services are about 700 KiB, sent at once to a reader that connects. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
/** Below the 60 s after which proxies cut a quiet connection. */
const HEARTBEAT_MS = 15_000;
/** How soon a browser connects again; its own default is some seconds, and a restart takes one. */
const RECONNECT_MS = 1_000;

export function registerStatusApi(app: FastifyInstance, feed: StatusFeed): void {
  let subscribers = 0;

  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
  app.get('/', (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(renderPage()),
  );
  app.get('/v1/openapi.json', (_request, reply) => reply.send(openApi));
  app.get('/v1/leaders', (_request, reply) => reply.send({ ...feed.readiness(), leaders: feed.list() }));
  app.get<{ Params: { namespace: string; service: string } }>('/v1/leaders/:namespace/:service', (request, reply) => {
    const { namespace, service } = request.params;
    const status = feed.read({ namespace, name: service });
    if (status !== null) return reply.send(status);
    const message = `${namespace}/${service} is not an annotated Service that this process watches`;
    return reply.code(404).send({ code: 'NOT_FOUND', message });
  });
  app.get('/v1/events', (_request, reply) => {
    if (subscribers >= MAX_SUBSCRIBERS) {
      const message = `${MAX_SUBSCRIBERS} readers are connected already`;
      return reply.code(503).header('retry-after', '5').send({ code: 'BUSY', message });
    }
    subscribers += 1;
    reply.hijack();
    streamChanges(reply, feed, () => {
      subscribers -= 1;
    });
    return reply;
  });
}

/** Sends the whole state first, then each change. */
function streamChanges({ raw }: FastifyReply, feed: StatusFeed, onEnd: () => void): void {
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = <Name extends keyof StatusEvents>(event: Name, data: StatusEvents[Name]): void => {
    raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (raw.writableLength > MAX_UNREAD_BYTES) raw.destroy();
  };
  const sendChange = (change: StatusChange): void => {
    if (change.kind === 'leader') send('leader', change.status);
    else send('removed', { namespace: change.namespace, service: change.service });
  };
  raw.write(`retry: ${RECONNECT_MS}\n\n`);
  const stop = feed.subscribe(sendChange);
  send('state', feed.readiness());
  for (const status of feed.list()) send('leader', status);
  const heartbeat = setInterval(() => send('state', feed.readiness()), HEARTBEAT_MS);
  raw.once('close', () => {
    clearInterval(heartbeat);
    stop();
    onEnd();
  });
}
