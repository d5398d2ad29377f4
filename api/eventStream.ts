/**
 * openEventStream: sends server-sent events to one reader.
 *
 * Guarantees: a reader that leaves more than 256 KiB unread is cut off; it connects again and gets
 * the state. A comment every 15 s keeps proxies from closing a quiet stream.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */

import type { FastifyReply } from 'fastify';
import type { HeartbeatWheel } from './heartbeatWheel.ts';
import { onceClosed } from './onceClosed.ts';

export interface EventStream {
  /** `data`: JSON. `id` comes back as Last-Event-ID when the reader connects again. */
  send(event: string, data: string, id?: string): void;
}

const MAX_UNREAD_BYTES = 256 * 1024;
/** A browser's own default is some seconds. */
const RECONNECT_MS = 1_000;

/** What all streams share. */
export interface EventStreams {
  readonly wheel: HeartbeatWheel;
  /** The reader was too slow. It cannot be told, because what it has not read is in the way. */
  onCut(): void;
}

/**
 * Options of a route that streams. A HEAD request has no body to stream, and would stay a reader
 * that nothing can be sent to.
 */
export const noHead = { exposeHeadRoute: false } as const;

export function openEventStream(reply: FastifyReply, { wheel, onCut }: EventStreams, onEnd: () => void): EventStream {
  reply.hijack();
  const { raw } = reply;
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  raw.writeHead(200, headers);
  raw.write(`retry: ${RECONNECT_MS}\n\n`);
  const stopBeating = wheel.add({ beat: () => write(': still here\n\n') });
  onceClosed(raw, () => {
    stopBeating();
    onEnd();
  });
  function write(text: string): void {
    if (raw.destroyed) return;
    raw.write(text);
    if (raw.writableLength <= MAX_UNREAD_BYTES) return;
    onCut();
    raw.destroy();
  }
  return {
    send: (event, data, id) => write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`),
  };
}
