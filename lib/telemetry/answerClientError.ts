/**
 * answerClientError: answers bytes that are no request, and closes the connection.
 *
 * Source: https://nodejs.org/docs/latest-v24.x/api/http.html#event-clienterror
 */

import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A client that still sends when it is answered would not read the answer, if the connection were
 * reset at once.
 */
const LINGER_MS = 1_000;

/** `toAnswer` is called only where the answer is sent. */
export function answerClientError(
  code: unknown,
  socket: Socket,
  toAnswer: () => { readonly status: number; readonly body: object },
): void {
  // It has gone, or it is answered already.
  if (code === 'ECONNRESET' || !socket.writable) return;
  if (hasBegunAnswer(socket)) {
    socket.destroy();
    return;
  }
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
  const { status, body } = toAnswer();
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}

/**
 * An answer within another one would be read as a part of it. Node's own handler asks the same:
 * https://github.com/nodejs/node/blob/v24.x/lib/_http_server.js (socketOnError).
 */
function hasBegunAnswer(socket: Socket & { readonly _httpMessage?: ServerResponse | null }): boolean {
  return socket._httpMessage?.headersSent ?? false;
}
