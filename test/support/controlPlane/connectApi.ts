/**
 * Sends plain requests to a kube-apiserver, as a kubelet or a test driver would.
 *
 * The tests do not use our own client (lib/kube), because it is what they test.
 */

import { existsSync, readFileSync } from 'node:fs';
import { Agent, request as send } from 'undici';

/** Rejects with an ApiError when the server answers with 4xx or 5xx. A patch is a merge patch. */
export type ApiRequest = (method: Method, path: string, body?: object) => Promise<unknown>;
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A local server answers in milliseconds, and in seconds on a busy machine. */
const requestTimeoutMs = 20_000;

/** Null while the server has not written its certificate. */
export function connectApi(url: string, token: string, caFile: string): ApiRequest | null {
  if (!existsSync(caFile)) return null;
  const dispatcher = new Agent({ connect: { ca: readFileSync(caFile, 'utf8') }, connections: 16 });
  return async (method, path, body) => {
    const answer = await send(`${url}${path}`, {
      method,
      dispatcher,
      signal: AbortSignal.timeout(requestTimeoutMs),
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 400) throw new ApiError(answer.statusCode, `${method} ${path}: ${text}`);
    return text.startsWith('{') ? JSON.parse(text) : text;
  };
}
