/**
 * Holds the Status with which a Kubernetes API server refuses a request, as an error.
 *
 * Wording and fields follow kube-apiserver 1.35; `test/contract` compares them.
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */

import { type ErrorCode, type Retry, ZenLeadError } from '../lib/errors.ts';
import type { FieldError } from './fieldError.ts';
import type { Kind } from './kind.ts';

interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface StatusBody {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

export class StatusError extends ZenLeadError {
  readonly body: StatusBody;

  constructor(code: number, reason: string | undefined, message: string, details?: StatusDetails, token?: string) {
    super(codeFor(code, reason), message, { retry: retryFor(code) });
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: token === undefined ? {} : { continue: token },
      status: 'Failure',
      message,
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

export function notFound(kind: Kind, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${qualified(kind)} "${name}" not found`, about(kind, name));
}

export function alreadyExists(kind: Kind, name: string): StatusError {
  return new StatusError(409, 'AlreadyExists', `${qualified(kind)} "${name}" already exists`, about(kind, name));
}

export function conflict(kind: Kind, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(kind)} "${name}": ${why}`;
  return new StatusError(409, 'Conflict', message, about(kind, name));
}

/** The failed precondition of a delete names the kind; every other refusal names the plural. */
export function preconditionFailed(kind: Kind, name: string, why: string): StatusError {
  const subject = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new StatusError(409, 'Conflict', `Operation cannot be fulfilled on ${subject} "${name}": ${why}`, {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.kind,
  });
}

export function modified(kind: Kind, name: string): StatusError {
  return conflict(
    kind,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

/** The real server returns this when a check deep inside it fails without a reason of its own. */
export function internal(message: string): StatusError {
  return new StatusError(500, undefined, message);
}

export function expired(message: string, token?: string): StatusError {
  return new StatusError(410, 'Expired', message, undefined, token);
}

export function tooLarge(asked: number, current: number): StatusError {
  return new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** Events of both groups are validated, and so named, as those of the core group. */
export function invalidObject(kind: Kind, name: string, errors: readonly FieldError[]): StatusError {
  return invalid({ group: kind.collection === 'events' ? '' : kind.group, kind: kind.kind }, name, errors);
}

/** `subject` names what is invalid, such as a kind or `CreateOptions`. */
export function invalid(
  subject: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const type = subject.group === '' ? subject.kind : `${subject.kind}.${subject.group}`;
  return new StatusError(422, 'Invalid', `${type} "${name}" is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(subject.group === '' ? {} : { group: subject.group }),
    ...(subject.kind === '' ? {} : { kind: subject.kind }),
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}

/** `services`, or `deployments.apps`. */
function qualified(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

function about(kind: Kind, name: string): StatusDetails {
  return { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.plural };
}

function codeFor(code: number, reason: string | undefined): ErrorCode {
  if (reason === 'AlreadyExists') return 'KUBE_ALREADY_EXISTS';
  if (code === 409) return 'KUBE_CONFLICT';
  if (code === 404) return 'KUBE_NOT_FOUND';
  if (code === 410) return 'KUBE_GONE';
  if (code === 403) return 'KUBE_FORBIDDEN';
  if (code === 429) return 'KUBE_TOO_MANY_REQUESTS';
  if (code === 504) return 'KUBE_VERSION_TOO_LARGE';
  return code >= 500 ? 'KUBE_UNAVAILABLE' : 'KUBE_INVALID';
}

function retryFor(code: number): Retry {
  if (code === 409 || code === 410) return 'now';
  return code === 429 || code >= 500 ? 'later' : 'never';
}
