/**
 * Writes the answers other than 200 and 204, each with the body of
 * docs/reference/events.md#answers. They are those of a handler, those that Fastify refuses before
 * one, and those that Node's parser refuses before there is a request.
 *
 * Source: RFC 9110 15.5.6 (a 405 names what is allowed).
 */

import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import { codeOf, inputError, ZenLeadError } from '../lib/errors.ts';
import { answerClientError } from '../lib/telemetry/answerClientError.ts';
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

/** Answers bytes that are no request. */
export function refuseClientError(error: Error, socket: Socket, deps: RefusalDeps, limits: ReceiveLimits): void {
  const code = 'code' in error ? error.code : undefined;
  answerClientError(code, socket, () => count(toAnswer(toClientError(code, error, limits)), deps));
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

function neverError(code: ZenLeadError['code'], path: string, problem: string): ZenLeadError {
  return new ZenLeadError(code, `${path}: ${problem}`, { retry: 'never', path });
}
