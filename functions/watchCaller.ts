/**
 * Makes a signal that says when to stop working for a request: its caller has gone, or it has taken
 * too long.
 *
 * Fastify's `request.signal` does not say that: it fires on the request's `close`, which Node emits
 * once the body has been read. The response's `close` comes when it was sent, or when the
 * connection broke before.
 * Source: https://nodejs.org/api/http.html#event-close_2 (http.ServerResponse, `close`).
 */

import type { ServerResponse } from 'node:http';

export function watchCaller(response: ServerResponse, timeoutMs: number): AbortSignal {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeoutMs);
  response.once('close', () => {
    clearTimeout(timer);
    if (!response.writableFinished) stop.abort();
  });
  return stop.signal;
}
