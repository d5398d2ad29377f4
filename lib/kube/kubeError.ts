/**
 * Turns an answer of the API server, or the lack of one, into a `ZenLeadError`. Nothing else does.
 *
 * Guarantees: the message names verb, resource and object, then has the server's own words. The
 * mapping was tried on kube-apiserver 1.35.4: 409 AlreadyExists / any other 409 · 410 · 504 with
 * cause ResourceVersionTooLarge. A 422 on metadata.uid is a conflict, because a merge patch with
 * another uid gives "field is immutable" and never 409.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */

import { type ErrorCode, type Retry, ZenLeadError } from '../errors.ts';
import { parseRetryAfter } from './parseRetryAfter.ts';

/** What was tried: `patch services default/postgres-leader`. */
export type Attempt = string;

/** The fields of `v1.Status` that the mapping reads. */
interface Status {
  readonly message: string;
  readonly reason: string;
  readonly causes: readonly { readonly reason?: unknown; readonly field?: unknown }[];
  readonly retryAfterMs?: number;
}

/** `retryAfterHeader`: the raw header, seconds or an HTTP date. */
export function toKubeError(
  attempt: Attempt,
  httpStatus: number,
  body: unknown,
  retryAfterHeader: string | undefined,
  now: number,
): ZenLeadError {
  const status = parseStatus(body);
  const [code, retry] = chooseCode(httpStatus, status);
  const retryAfterMs = parseRetryAfter(retryAfterHeader, now) ?? status.retryAfterMs;
  return new ZenLeadError(code, `${attempt}: ${httpStatus} ${status.message}`, {
    retry,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function chooseCode(httpStatus: number, status: Status): readonly [ErrorCode, Retry] {
  switch (httpStatus) {
    case 400:
    case 406:
    case 415:
      return ['KUBE_INVALID', 'never'];
    case 401:
      return ['KUBE_UNAUTHORIZED', 'later'];
    case 403:
      // Of the NamespaceLifecycle admission plugin (plugin/pkg/admission/namespace/lifecycle,
      // NamespaceTerminatingCause).
      if (status.causes.some((cause) => cause.reason === 'NamespaceTerminating'))
        return ['KUBE_NAMESPACE_TERMINATING', 'never'];
      // Later, not never: a Role may be granted.
      return ['KUBE_FORBIDDEN', 'later'];
    case 404:
      return ['KUBE_NOT_FOUND', 'now'];
    case 409:
      return status.reason === 'AlreadyExists' ? ['KUBE_ALREADY_EXISTS', 'now'] : ['KUBE_CONFLICT', 'now'];
    case 410:
      return ['KUBE_GONE', 'now'];
    case 422:
      return status.causes.some((cause) => cause.field === 'metadata.uid')
        ? ['KUBE_CONFLICT', 'now']
        : ['KUBE_INVALID', 'never'];
    case 429:
      // The cause distinguishes it from too many requests.
      // pkg/registry/core/pod/storage/eviction.go
      if (status.causes.some((cause) => cause.reason === 'DisruptionBudget')) return ['KUBE_EVICTION_REFUSED', 'later'];
      return ['KUBE_TOO_MANY_REQUESTS', 'later'];
    case 504:
      return status.causes.some((cause) => cause.reason === 'ResourceVersionTooLarge') ||
        status.message.includes('Too large resource version')
        ? ['KUBE_VERSION_TOO_LARGE', 'now']
        : ['KUBE_UNAVAILABLE', 'later'];
    case 500:
      // The webhook may be about one namespace alone, and the API server is well.
      // staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go
      if (status.message.includes('failed calling webhook')) return ['KUBE_WEBHOOK_FAILED', 'later'];
      return ['KUBE_UNAVAILABLE', 'later'];
    default:
      return httpStatus >= 500 || httpStatus < 400 ? ['KUBE_UNAVAILABLE', 'later'] : ['KUBE_INVALID', 'never'];
  }
}

/**
 * Never fails, on purpose. A proxy in front of the API server answers in HTML, and the status code
 * is enough.
 */
function parseStatus(body: unknown): Status {
  if (typeof body !== 'object' || body === null) {
    return { message: typeof body === 'string' ? body.trim().slice(0, 200) : '', reason: '', causes: [] };
  }
  const { message, reason, details } = body as { message?: unknown; reason?: unknown; details?: unknown };
  const { causes, retryAfterSeconds } = (details ?? {}) as { causes?: unknown; retryAfterSeconds?: unknown };
  return {
    message: typeof message === 'string' ? message : '',
    reason: typeof reason === 'string' ? reason : '',
    causes: Array.isArray(causes) ? causes.filter((cause) => typeof cause === 'object' && cause !== null) : [],
    ...(typeof retryAfterSeconds === 'number' && retryAfterSeconds > 0
      ? { retryAfterMs: retryAfterSeconds * 1000 }
      : {}),
  };
}

/** For a connection that was refused, reset or cut, or a certificate that cannot be verified. */
export function toConnectionError(attempt: Attempt, cause: unknown): ZenLeadError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new ZenLeadError('KUBE_UNAVAILABLE', `${attempt}: no answer from the API server (${problem})`, {
    retry: 'later',
    cause,
  });
}

export function toTimeoutError(attempt: Attempt, deadlineMs: number): ZenLeadError {
  return new ZenLeadError('KUBE_TIMEOUT', `${attempt}: no answer within ${deadlineMs} ms`, { retry: 'later' });
}

export function toAbortedError(attempt: Attempt): ZenLeadError {
  return new ZenLeadError('ABORTED', `${attempt}: given up, the caller has gone`, { retry: 'never' });
}
