/**
 * ApiError: an answer of the api role other than 2xx, with a stable code.
 * docs/reference/api.md#answers
 */

import { codeOf, ZenLeadError } from '../lib/errors.ts';

const statuses = {
  INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  HELD: 409,
  LOST: 412,
  WRONG_HOST: 421,
  BUSY: 429,
  QUEUE_FULL: 429,
  STALE: 503,
  UNREADABLE: 503,
  UNAVAILABLE: 503,
  INTERNAL: 500,
} as const;

export type ApiCode = keyof typeof statuses;

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiCode;
  readonly status: number;
  /** Stands beside code and message in the body. */
  readonly details: Readonly<Record<string, string | number>>;

  constructor(
    code: ApiCode,
    message: string,
    details: Readonly<Record<string, string | number>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = statuses[code];
    this.details = details;
  }
}

/** What the API server said about a request of ours, as an answer to a request of a client. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const statusCode = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 0;
  // Of Fastify: a body that is too large, not JSON, or of another type.
  if (statusCode >= 400 && statusCode < 500) return new ApiError('INVALID', message, {}, error);
  switch (codeOf(error)) {
    case 'INPUT_INVALID':
      return new ApiError('UNREADABLE', message, {}, error);
    case 'KUBE_NOT_FOUND':
      return new ApiError('NOT_FOUND', message, {}, error);
    case 'BUSY':
    case 'KUBE_TOO_MANY_REQUESTS':
      return new ApiError('BUSY', message, {}, error);
    default:
      return error instanceof ZenLeadError
        ? new ApiError('UNAVAILABLE', message, {}, error)
        : new ApiError('INTERNAL', 'the request failed', {}, error);
  }
}
