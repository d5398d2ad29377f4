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

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, onRequestAsyncHookHandler, onRequestHookHandler } from 'fastify';
import { shareResult } from '../lib/telemetry/shareResult.ts';
import { isOwnHost } from './isOwnHost.ts';
import type { LockStatus } from './locks/lockSchemas.ts';
import { openApi } from './openApi.ts';
import { pagePolicy, renderPage } from './renderStatusPage.ts';
import type { StatusEvents } from './statusEvents.ts';
import type { StatusChange, StatusFeed } from './statusFeed.ts';

/** One for each browser tab; each costs a socket and a copy of what it has not read yet. */
const MAX_SUBSCRIBERS = 64;
/** 1,000 changes are about 700 KiB. The state comes in portions, each after the last was read. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** How old the answer of /v1/leaders may be. */
const LIST_LIFETIME_MS = 1_000;
/** A lock that is handed over a hundred times a second is no news each time. */
const LOCKS_EVERY_MS = 1_000;
/** Below the 60 s after which proxies cut a quiet connection. */
const HEARTBEAT_MS = 15_000;
/** How soon a browser connects again; its own default is some seconds, and a restart takes one. */
const RECONNECT_MS = 1_000;

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
  const names = new Set(hosts);
  const onRequest: onRequestHookHandler = (request, reply, done) => {
    if (isOwnHost(request.headers.host, names)) return done();
    const message = 'the Host header is no IP address, not localhost and not a name of --status-host';
    reply.code(421).send({ code: 'WRONG_HOST', message });
  };
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
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
  let subscribers = 0;
  const readList = shareResult(LIST_LIFETIME_MS, () => renderList(feed));

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
  app.get('/v1/events', { onRequest: admit('watch') }, (_request, reply) => {
    if (subscribers >= MAX_SUBSCRIBERS) {
      const message = `${MAX_SUBSCRIBERS} readers are connected already`;
      return reply.code(503).header('retry-after', '5').send({ code: 'BUSY', message });
    }
    subscribers += 1;
    reply.hijack();
    streamChanges(reply, feed, readLocks, () => {
      subscribers -= 1;
    });
    return reply;
  });
}

/** One buffer for all readers, so that none costs a copy. */
async function renderList(feed: StatusFeed): Promise<Buffer> {
  const texts: string[] = [];
  for await (const portion of feed.texts()) texts.push(...portion);
  const state = JSON.stringify(feed.readiness());
  return Buffer.from(`${state.slice(0, -1)},"leaders":[${texts.join(',')}]}`);
}

/** Sends the whole state first, and each change from the start. */
function streamChanges({ raw }: FastifyReply, feed: StatusFeed, readLocks: ReadLocks, onEnd: () => void): void {
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
  void sendState(raw, feed);
  const heartbeat = setInterval(() => send('state', feed.readiness()), HEARTBEAT_MS);
  let sentLocks = '';
  const sendLocks = (): void => {
    const locks = readLocks();
    const text = JSON.stringify(locks);
    if (locks === null || text === sentLocks) return;
    sentLocks = text;
    send('locks', locks);
  };
  sendLocks();
  const lookAtLocks = setInterval(sendLocks, LOCKS_EVERY_MS);
  raw.once('close', () => {
    clearInterval(heartbeat);
    clearInterval(lookAtLocks);
    stop();
    onEnd();
  });
}

/**
 * Waits for the reader after each portion. A change that comes meanwhile goes out at once; the
 * portions after it hold it too.
 */
async function sendState(raw: ServerResponse, feed: StatusFeed): Promise<void> {
  const ended = new AbortController();
  raw.once('close', () => ended.abort());
  try {
    for await (const portion of feed.texts()) {
      if (raw.destroyed) return;
      const isRead = raw.write(portion.map((text) => `event: leader\ndata: ${text}\n\n`).join(''));
      if (!isRead) await once(raw, 'drain', { signal: ended.signal });
    }
  } catch {
    // The reader has gone.
  }
}
