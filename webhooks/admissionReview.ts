/**
 * Parses an AdmissionReview, and answers one.
 *
 * Guarantees: what is no review of v1 is INPUT_INVALID, so that the API server applies its
 * failurePolicy. An answer carries the uid that was asked with.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */

import { inputError } from '../lib/errors.ts';
import { isObject } from '../lib/flow/spec/fieldReader.ts';
import type { JsonObject } from '../lib/flow/spec/flowSpec.ts';

const VERSION = 'admission.k8s.io/v1';

export interface Review {
  readonly uid: string;
  readonly operation: string;
  readonly namespace: string;
  /** Empty where the API server chooses it. */
  readonly name: string;
  readonly user: string;
  /** Null for DELETE. */
  readonly object: JsonObject | null;
  readonly oldObject: JsonObject | null;
}

/** https://datatracker.ietf.org/doc/html/rfc6902 */
export type PatchOperation =
  | { readonly op: 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export interface Verdict {
  /** Null where the write is allowed. */
  readonly refusal: string | null;
  readonly warnings: readonly string[];
  readonly patch: readonly PatchOperation[];
}

export function parseReview(input: unknown): Review {
  if (!isObject(input) || input['apiVersion'] !== VERSION || input['kind'] !== 'AdmissionReview')
    throw inputError('apiVersion', `must be an AdmissionReview of ${VERSION}`);
  const request = input['request'];
  if (!isObject(request)) throw inputError('request', 'is missing');
  const uid = textOf(request, 'uid');
  if (uid === '' || uid.length > MAX_UID) throw inputError('request.uid', `must have 1 to ${MAX_UID} characters`);
  const userInfo = request['userInfo'];
  return {
    uid,
    operation: textOf(request, 'operation'),
    namespace: textOf(request, 'namespace'),
    name: textOf(request, 'name'),
    user: isObject(userInfo) ? textOf(userInfo, 'username') : '',
    object: isObject(request['object']) ? request['object'] : null,
    oldObject: isObject(request['oldObject']) ? request['oldObject'] : null,
  };
}

const MAX_UID = 128;

export function toReview({ uid }: Review, { refusal, warnings, patch }: Verdict): JsonObject {
  const text = JSON.stringify(patch);
  return {
    apiVersion: VERSION,
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: refusal === null,
      ...(refusal !== null && { status: { code: 422, reason: 'Invalid', message: refusal } }),
      ...(warnings.length > 0 && { warnings }),
      ...(patch.length > 0 && { patchType: 'JSONPatch', patch: Buffer.from(text).toString('base64') }),
    },
  };
}

function textOf(object: JsonObject, key: string): string {
  const value = object[key];
  return typeof value === 'string' ? value : '';
}
