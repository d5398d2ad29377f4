/**
 * Writes the answers other than 200 and 204, each with the body of
 * docs/reference/events.md#answers. They are those of a handler, those that Fastify refuses before
 * one, and those that Node's parser refuses before there is a request.
 *
 * Source: https://nodejs.org/docs/latest-v24.x/api/http.html#event-clienterror ;
 * RFC 9110 15.5.6 (a 405 names what is allowed).
 */

import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { codeOf, inputError, ZenLeadError } from '../lib/errors.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { type Answer, toAnswer, toRetryAfterHeader } from './answer.ts';

export interface RefusalDeps {
  readonly metrics: Pick<Metrics, 'refusedRequests'>;
  readonly log: Logger;
}

export interface ReceiveLimits {
  readonly bodyBytes: number;
  readonly headerBytes: number;
  readonly timeoutMs: number;
}

/** `allowed`: methods for the `Allow` of a 405. */
export function refuse(
  error: unknown,
  reply: FastifyReply,
  deps: RefusalDeps,
  allowed: readonly string[] = [],
): FastifyReply {
  const { status, retryAfterMs, body } = count(toAnswer(error), deps);
  if (body.code === 'INTERNAL') deps.log.error({ err: error }, 'a request failed');
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 405) reply.header('allow', allowed.join(', '));
  if (retryAfterMs !== undefined) reply.header('retry-after', toRetryAfterHeader(retryAfterMs));
  // Bytes, because Fastify would add a charset, which JSON has none of (RFC 8259, section 11).
  return reply
    .code(status)
    .type('application/json')
    .send(Buffer.from(JSON.stringify(body)));
}

function count(answer: Answer, { metrics }: RefusalDeps): Answer {
  if (answer.status < 500) metrics.refusedRequests.inc({ code: answer.body.code });
  return answer;
}

/** Maps what Fastify refuses before a handler sees it. */
export function toInputError(error: unknown, { bodyBytes }: ReceiveLimits): unknown {
  if (codeOf(error) !== undefined || !(error instanceof Error) || !('code' in error)) return error;
  const { code, message } = error;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return neverError('INPUT_TOO_LARGE', 'body', `is larger than ${bodyBytes} bytes`);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return neverError('INPUT_UNSUPPORTED', 'content-type', 'is not a media type');
    case 'FST_ERR_BAD_URL':
      return inputError('url', 'its path is not percent-encoded UTF-8');
    case 'ECONNRESET':
      return new ZenLeadError('ABORTED', 'body: the caller has gone, or took too long to send it', { retry: 'never' });
    default:
      return typeof code === 'string' && code.startsWith('FST_ERR_CTP_') ? inputError('body', message, error) : error;
  }
}

/**
 * A client that still sends when it is answered would not read the answer, if the connection were
 * reset at once.
 */
const LINGER_MS = 1_000;

/** Answers bytes that are no request, and closes the connection. */
export function answerClientError(error: Error, socket: Socket, deps: RefusalDeps, limits: ReceiveLimits): void {
  const code = 'code' in error ? error.code : undefined;
  // It has gone, or it is answered already.
  if (code === 'ECONNRESET' || !socket.writable) return;
  if (hasBegunAnswer(socket)) {
    socket.destroy();
    return;
  }
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
  const { status, body } = count(toAnswer(toClientError(code, error, limits)), deps);
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}

function toClientError(code: unknown, error: Error, { headerBytes, timeoutMs }: ReceiveLimits): ZenLeadError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return neverError('REQUEST_TIMEOUT', 'request', `has not arrived whole within ${timeoutMs} ms`);
    case 'HPE_HEADER_OVERFLOW':
      return neverError('HEADERS_TOO_LARGE', 'headers', `are larger than ${headerBytes} bytes in all`);
    default:
      return inputError('request', `is not HTTP/1.1: ${error.message}`, error);
  }
}

/**
 * An answer within another one would be read as a part of it. Node's own handler asks the same:
 * https://github.com/nodejs/node/blob/v24.x/lib/_http_server.js (socketOnError).
 */
function hasBegunAnswer(socket: Socket & { readonly _httpMessage?: ServerResponse | null }): boolean {
  return socket._httpMessage?.headersSent ?? false;
}

function neverError(code: ZenLeadError['code'], path: string, problem: string): ZenLeadError {
  return new ZenLeadError(code, `${path}: ${problem}`, { retry: 'never', path });
}
