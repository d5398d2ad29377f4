/**
 * Writes answers: JSON, plain text, and a Status for whatever was thrown.
 *
 * Guarantees: an unexpected error becomes a 500 Status, never a crash. Nothing is written to an
 * answer that has begun.
 */

import type { ServerResponse } from 'node:http';
import { type StatusBody, StatusError } from '../statusError.ts';

export function respondJson(
  response: ServerResponse,
  code: number,
  body: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): void {
  const type = headers['content-type'] ?? 'application/json';
  response.writeHead(code, {
    'cache-control': 'no-cache, private',
    ...Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
    ),
    'content-type': typeof type === 'string' ? type : 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

export function respondText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

export function respondError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  respondStatus(response, statusOf(error));
}

export function respondStatus(response: ServerResponse, status: StatusBody): void {
  const retryAfter = status.details?.retryAfterSeconds;
  respondJson(
    response,
    status.code ?? 200,
    JSON.stringify(status),
    retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
  );
}

/** `299 - "text"`, one header a warning. Source: https://kubernetes.io/blog/2020/09/03/warnings/ */
export function warningHeaders(warnings: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return warnings.length === 0 ? {} : { warning: warnings.map((text) => `299 - ${JSON.stringify(text)}`) };
}

function statusOf(error: unknown): StatusBody {
  if (error instanceof StatusError) return error.body;
  const message = error instanceof Error ? error.message : String(error);
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`).body;
}
