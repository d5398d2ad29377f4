/**
 * Serves a feed: its list as one answer, and its changes as server-sent events.
 *
 * Guarantees: a reader that is too slow is cut off, so that no browser holds memory here. It
 * connects again and receives the whole state. Readers of the list share one answer for a second.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { shareResult } from '../lib/telemetry/shareResult.ts';
import { onceClosed } from './onceClosed.ts';
import type { SourceFeed } from './sourceFeed.ts';

/** One for each browser tab; each costs a socket and a copy of what it has not read yet. */
const MAX_SUBSCRIBERS = 64;
/** 1,000 changes are about 700 KiB. The state comes in portions, each after the last was read. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** How old the answer of a list may be. */
const LIST_LIFETIME_MS = 1_000;
/** Below the 60 s after which proxies cut a quiet connection. */
const HEARTBEAT_MS = 15_000;
/** How soon a browser connects again; its own default is some seconds, and a restart takes one. */
const RECONNECT_MS = 1_000;

export type Feed<Change> = Pick<SourceFeed<never, unknown, Change>, 'readiness' | 'texts' | 'subscribe'>;

export interface Readers {
  /** False where there are too many, and the answer says so. */
  admit(reply: FastifyReply): boolean;
  leave(): void;
}

export function createReaders(): Readers {
  let count = 0;
  return {
    admit(reply) {
      if (count >= MAX_SUBSCRIBERS) {
        const message = `${MAX_SUBSCRIBERS} readers are connected already`;
        reply.code(503).header('retry-after', '5').send({ code: 'BUSY', message });
        return false;
      }
      count += 1;
      return true;
    },
    leave() {
      count -= 1;
    },
  };
}

/** One buffer for all readers, so that none costs a copy. `name`: of the list in the answer. */
export function createListReader(feed: Pick<Feed<never>, 'readiness' | 'texts'>, name: string): () => Promise<Buffer> {
  return shareResult(LIST_LIFETIME_MS, async () => {
    const texts: string[] = [];
    for await (const portion of feed.texts()) texts.push(...portion);
    const state = JSON.stringify(feed.readiness());
    return Buffer.from(`${state.slice(0, -1)},"${name}":[${texts.join(',')}]}`);
  });
}

export interface StreamShape<Change> {
  /** The event that each status of the whole state comes as. */
  readonly whole: string;
  toEvent(change: Change): readonly [string, object];
}

/** Sends the whole state first, and each change from the start. The reply is hijacked. */
export function streamFeed<Change>(
  { raw }: FastifyReply,
  feed: Feed<Change>,
  { whole, toEvent }: StreamShape<Change>,
  onEnd: () => void,
): { send(event: string, data: object): void } {
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = (event: string, data: object): void => {
    raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    if (raw.writableLength > MAX_UNREAD_BYTES) raw.destroy();
  };
  raw.write(`retry: ${RECONNECT_MS}\n\n`);
  const stop = feed.subscribe((change) => send(...toEvent(change)));
  send('state', feed.readiness());
  void sendState(raw, feed, whole);
  const heartbeat = setInterval(() => send('state', feed.readiness()), HEARTBEAT_MS);
  onceClosed(raw, () => {
    clearInterval(heartbeat);
    stop();
    onEnd();
  });
  return { send };
}

/**
 * Waits for the reader after each portion. A change that comes meanwhile goes out at once; the
 * portions after it hold it too.
 */
async function sendState(raw: ServerResponse, feed: Pick<Feed<never>, 'texts'>, whole: string): Promise<void> {
  const ended = new AbortController();
  raw.once('close', () => ended.abort());
  try {
    for await (const portion of feed.texts()) {
      if (raw.destroyed) return;
      const isRead = raw.write(portion.map((text) => `event: ${whole}\ndata: ${text}\n\n`).join(''));
      if (!isRead) await once(raw, 'drain', { signal: ended.signal });
    }
  } catch {
    // The reader has gone.
  }
}
