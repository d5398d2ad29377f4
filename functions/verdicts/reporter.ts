/**
 * Reporter: a caller whose token the API server signed, as RBAC knows it.
 *
 * Source:
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens
 * (user name and groups of a service account).
 */

import type { JWTPayload } from 'jose';
import { ZenLeadError } from '../../lib/errors.ts';
import type { ReviewedUser } from '../../lib/kube/accessReview.ts';
import { MAX_REPORTER_LENGTH } from '../../lib/selection/outsideVerdict.ts';

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):[^:]+$/;

/** `payload`: of a token that has been verified. WRONG_SENDER where it is of no service account. */
export function toReporter({ sub: subject, ...claims }: JWTPayload): ReviewedUser {
  // A list would be matched as its text.
  const sub = typeof subject === 'string' ? subject : '';
  const [, namespace] = SERVICE_ACCOUNT.exec(sub) ?? [];
  if (namespace === undefined || sub.length > MAX_REPORTER_LENGTH) {
    const message = 'authorization: only a service account may report; its token names none';
    throw new ZenLeadError('WRONG_SENDER', message, { retry: 'never' });
  }
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { name: sub, uid: readUid(claims['kubernetes.io']), groups };
}

function readUid(claim: unknown): string {
  const { serviceaccount } = (claim ?? {}) as { readonly serviceaccount?: { readonly uid?: unknown } | null };
  const uid = serviceaccount?.uid;
  return typeof uid === 'string' ? uid : '';
}
