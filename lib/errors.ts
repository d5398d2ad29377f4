/**
 * The errors of zen-lead: one class, a stable code, and whether trying again can help.
 *
 * Every layer throws these and nothing else on purpose. Callers match on `code` or on `retry`,
 * never on `instanceof` of something deeper or on a message. `functions/answer.ts` alone turns
 * `retry` into an HTTP status.
 *
 * Guarantees: a message says what was tried, on which object, and what to do.
 */

/**
 * Whether the same attempt can succeed: `never`, `now` (state changed: read afresh), `later` (wait
 * first).
 */
export type Retry = 'never' | 'now' | 'later';

export type ErrorCode =
  // bad input: the sender has to change it
  | 'INPUT_INVALID' // a value that cannot be read; `path` says where
  | 'INPUT_TOO_LARGE'
  | 'CONFIG_INVALID' // flags, environment, kubeconfig
  // the Kubernetes API
  | 'KUBE_CONFLICT' // 409: resourceVersion or uid precondition failed
  | 'KUBE_ALREADY_EXISTS' // 409 reason AlreadyExists
  | 'KUBE_NOT_FOUND' // 404
  | 'KUBE_GONE' // 410: resourceVersion or continue token expired
  | 'KUBE_INVALID' // 400, 422: the object was rejected
  | 'KUBE_UNAUTHORIZED' // 401
  | 'KUBE_FORBIDDEN' // 403
  | 'KUBE_TOO_MANY_REQUESTS' // 429; `retryAfterMs` where the server said it
  | 'KUBE_VERSION_TOO_LARGE' // 504 "Too large resource version": etcd came from an older backup
  | 'KUBE_UNAVAILABLE' // 5xx, connection refused or reset
  | 'KUBE_WEBHOOK_FAILED' // 500: an admission webhook did not answer the API server
  | 'KUBE_TIMEOUT' // no answer in time
  | 'WATCH_BROKEN' // the watch stream ended within a line, or sent one that cannot be read
  // between bridge and function
  | 'SINK_UNAVAILABLE'
  | 'UNAUTHENTICATED'
  | 'WRONG_SENDER'
  | 'REPORT_REFUSED' // a verdict from outside without the right, or where none is accepted: 403
  | 'BUSY' // a bound was reached: 429
  | 'ABORTED' // the caller has gone
  | 'INPUT_UNSUPPORTED' // a media type, charset or content coding that is refused: 415
  | 'SINK_UNREACHABLE' // no connection to the sink: nothing was sent
  | 'DEMO_FAILED' // a step of `zen-lead demo` did not happen
  | 'KUBE_NAMESPACE_TERMINATING' // 403: nothing can be made there any more
  | 'KUBE_EVICTION_REFUSED' // 429: a PodDisruptionBudget allows no eviction now
  | 'REFUSED' // what a command was asked to do would not have the effect that was asked for
  | 'PATH_UNKNOWN' // 404: no page of that path
  | 'METHOD_NOT_ALLOWED' // 405: a function takes POST and OPTIONS
  | 'REQUEST_TIMEOUT' // 408: a request has not arrived whole in time
  | 'HEADERS_TOO_LARGE'; // 431

export interface ErrorDetails {
  readonly retry: Retry;
  /** Milliseconds the other side asked to wait. */
  readonly retryAfterMs?: number;
  /** Where in the input, as a dotted path: `data.snapshot.revisions.pods`. */
  readonly path?: string;
  readonly cause?: unknown;
}

export class ZenLeadError extends Error {
  override readonly name = 'ZenLeadError';
  readonly code: ErrorCode;
  readonly retry: Retry;
  readonly retryAfterMs?: number;
  readonly path?: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retry = details.retry;
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs;
    if (details.path !== undefined) this.path = details.path;
  }
}

/** Input that cannot be read: names where (`path`) and what is wrong with it. */
export function inputError(path: string, problem: string, cause?: unknown): ZenLeadError {
  return new ZenLeadError('INPUT_INVALID', `${path}: ${problem}`, { retry: 'never', path, cause });
}

/** Returns the code of our own error, or undefined for anything else. */
export function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof ZenLeadError ? error.code : undefined;
}
