/** Asks the API server who types a command. */

import { codeOf } from '../../lib/errors.ts';
import { takeFields, takeList, takeOptionalFields, takeOptionalString } from '../../lib/kube/fields.ts';
import { selfSubjectReviews } from '../../lib/kube/kubeApi.ts';
import type { FlowSession } from './withFlow.ts';

export interface User {
  readonly name: string;
  /** Each user of the API server is in one at least. Empty where they are not known. */
  readonly groups: readonly string[];
}

/** Null where it is not known. */
export async function readUser({ api, signal }: FlowSession): Promise<User | null> {
  // https://kubernetes.io/docs/reference/access-authn-authz/authentication/#self-subject-review
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  let answered: unknown;
  try {
    answered = await api.create(selfSubjectReviews, undefined, review, signal);
  } catch (error) {
    // An old API server has none, and where the guard is, it says what is missing.
    if (codeOf(error) === 'KUBE_NOT_FOUND' || codeOf(error) === 'KUBE_FORBIDDEN') return null;
    throw error;
  }
  const status = takeOptionalFields(takeFields(answered, 'review'), 'status', 'review') ?? {};
  const user = takeOptionalFields(status, 'userInfo', 'status') ?? {};
  const name = takeOptionalString(user, 'username', 'status.userInfo');
  const groups = takeList(user, 'groups', 'status.userInfo').filter((group) => typeof group === 'string');
  return name === undefined ? null : { name, groups };
}
