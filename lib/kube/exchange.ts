/**
 * Makes one HTTP exchange with the API server, up to the response's headers.
 *
 * Guarantees: a 401 is tried exactly once more with credentials read afresh, because a token may
 * have been rotated. So is a server certificate that does not verify, for the sake of a rotated CA.
 * The server has done nothing in either case, so this is safe for writes too.
 */

import type { Dispatcher } from 'undici';
import type { Connection, ConnectionUse } from './connection.ts';
import type { Attempt } from './kubeError.ts';

export interface Exchange {
  readonly connection: Connection;
  readonly userAgent: string;
  readonly now: () => number;
}

export interface HttpRequest {
  readonly attempt: Attempt;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its query, without the server's base path. */
  readonly path: string;
  readonly accept?: string;
  readonly body?: object;
  readonly contentType?: string;
}

export interface HttpResponse {
  readonly statusCode: number;
  readonly retryAfter: string | undefined;
  readonly body: Dispatcher.ResponseData['body'];
}

export async function sendRequest(
  exchange: Exchange,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const used = await exchange.connection.use();
  let response: HttpResponse;
  try {
    response = await sendOnce(exchange, used, request, signal);
  } catch (error) {
    if (!isCertificateProblem(error)) throw error;
    return sendOnce(exchange, await exchange.connection.renew(used), request, signal);
  }
  if (response.statusCode !== 401) return response;
  const renewed = await exchange.connection.renew(used);
  if (renewed.headers['authorization'] === used.headers['authorization'] && renewed.dispatcher === used.dispatcher) {
    return response; // nothing new to show: the 401 stands
  }
  await response.body.dump();
  return sendOnce(exchange, renewed, request, signal);
}

async function sendOnce(
  { connection, userAgent }: Exchange,
  used: ConnectionUse,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const response = await used.dispatcher.request({
    origin: connection.origin,
    path: connection.basePath + request.path,
    method: request.method,
    headers: {
      accept: request.accept ?? 'application/json',
      'user-agent': userAgent,
      ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
      ...used.headers,
    },
    body: request.body === undefined ? null : JSON.stringify(request.body),
    signal,
  });
  const retryAfter = response.headers['retry-after'];
  return {
    statusCode: response.statusCode,
    retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
    body: response.body,
  };
}

/**
 * Returns the text itself where it is not JSON. A proxy in front answers in HTML, `/readyz` in
 * plain text.
 */
export async function readBody(response: HttpResponse): Promise<unknown> {
  return parseBody(await response.body.text());
}

export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Codes of OpenSSL and Node, https://nodejs.org/api/tls.html#x509-certificate-error-codes. */
function isCertificateProblem(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /CERT|SIGNATURE|ISSUER/.test(code);
}
