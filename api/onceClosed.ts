/**
 * onceClosed: calls back when the connection of an answer has closed.
 *
 * Guarantees: it also does where the client had gone before, while its right was asked for: then
 * `close` has been emitted already, and what was opened for the client would stay.
 */

import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';

/** Never calls back at once, so that the caller can set up what it takes back then. */
export function onceClosed(raw: ServerResponse | Http2ServerResponse, onClosed: () => void): void {
  const hasGone = 'stream' in raw ? raw.stream === undefined || raw.stream.destroyed : raw.destroyed;
  if (hasGone) queueMicrotask(onClosed);
  else raw.once('close', onClosed);
}
