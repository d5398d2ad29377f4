/**
 * toAnswer: turns an error into the answer of the answer table. It is the only place that chooses a
 * status and a scope. docs/reference/events.md#answers
 *
 * Guarantees: "try again" is 429 or 503 with Retry-After, never 404, 409 or 500. CloudEvents SDK
 * senders do not retry 409 and 500, and brokers do retry 404.
 * Source: https://knative.dev/docs/eventing/event-delivery/ ; CloudEvents HTTP webhook 1.0.2
 * section 2.2.
 */

import { type ErrorCode, ZenLeadError } from '../lib/errors.ts';
import type { AnswerScope } from '../lib/events/sink.ts';

export interface Answer {
  readonly status: number;
  /** With 429 and 503. */
  readonly retryAfterMs?: number;
  readonly body: {
    readonly code: string;
    readonly message: string;
    readonly path?: string;
    /** With 429 and 503. */
    readonly scope?: AnswerScope;
  };
}

/**
 * A conflict that outlasted every attempt, an API server that is busy or refuses. A refusal may be
 * over soon: an API server that has just started answers 403 until its authorizer has synced. A
 * sender that is refused again backs off by itself.
 */
const RETRY_AFTER_MS = 1_000;
/** A fault of zen-lead: a developer has to do something first. */
const RETRY_LATER_MS = 30_000;

export function toAnswer(error: unknown): Answer {
  if (!(error instanceof ZenLeadError)) {
    const message = 'a fault in zen-lead; its log says more';
    return { status: 503, retryAfterMs: RETRY_LATER_MS, body: { code: 'INTERNAL', message, scope: 'service' } };
  }
  const { code, message, path } = error;
  const status = toStatus(error);
  const body = { code, message, ...(path === undefined ? {} : { path }) };
  if (status !== 429 && status !== 503) return { status, body };
  return { status, retryAfterMs: error.retryAfterMs ?? RETRY_AFTER_MS, body: { ...body, scope: toScope(code) } };
}

/**
 * Codes that say something about one Service only. A namespace whose quota is exhausted, or an
 * object that the API server refuses, must not slow the Services elsewhere.
 */
const codesOfOneService = new Set<ErrorCode>([
  'KUBE_FORBIDDEN',
  'KUBE_WEBHOOK_FAILED',
  'KUBE_NAMESPACE_TERMINATING',
  'KUBE_INVALID',
  'KUBE_CONFLICT',
  'KUBE_ALREADY_EXISTS',
  'KUBE_NOT_FOUND',
  'KUBE_GONE',
]);

function toScope(code: ErrorCode): AnswerScope {
  return codesOfOneService.has(code) ? 'service' : 'function';
}

function toStatus({ code }: ZenLeadError): number {
  switch (code) {
    case 'INPUT_INVALID':
      return 400;
    case 'UNAUTHENTICATED':
      return 401;
    case 'WRONG_SENDER':
    case 'REPORT_REFUSED':
      return 403;
    case 'PATH_UNKNOWN':
      return 404;
    case 'METHOD_NOT_ALLOWED':
      return 405;
    case 'REQUEST_TIMEOUT':
      return 408;
    case 'INPUT_TOO_LARGE':
      return 413;
    case 'INPUT_UNSUPPORTED':
      return 415;
    case 'BUSY':
      return 429;
    case 'HEADERS_TOO_LARGE':
      return 431;
    default:
      return 503;
  }
}

/** Whole seconds (RFC 9110, 10.2.3), never 0: that would be "at once". */
export function toRetryAfterHeader(retryAfterMs: number): string {
  return String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
}
