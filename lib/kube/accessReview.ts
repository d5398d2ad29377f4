/**
 * The question to the API server whether a user has a right, and its answer.
 * Source:
 * https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/
 */

import { takeFields, takeOptionalBoolean, takeOptionalFields } from './fields.ts';

/** A user as the API server knows one. */
export interface ReviewedUser {
  readonly name: string;
  /** Empty where it is not known. */
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** A right in the group `zen-lead.io`. RBAC asks of no resource that an API serves it. */
export interface ReviewedRight {
  readonly verb: string;
  readonly resource: string;
  /** Empty for all. */
  readonly namespace: string;
  /** Empty for all. */
  readonly name: string;
}

/** The `spec` of a SubjectAccessReview. */
export function toAccessSpec(user: ReviewedUser, { verb, resource, namespace, name }: ReviewedRight): object {
  const resourceAttributes = { group: 'zen-lead.io', resource, verb, namespace, name };
  const { name: userName, uid, groups, extra } = user;
  return { user: userName, uid, groups, extra, resourceAttributes };
}

/** False also for an answer that says nothing. */
export function isAllowedBy(review: unknown): boolean {
  const status = takeOptionalFields(takeFields(review, 'review'), 'status', 'review') ?? {};
  return takeOptionalBoolean(status, 'allowed', 'status') === true;
}
