/** Declares who reports pods from outside, and who may. */

export const callers = ['alerts', 'operator', 'stranger'] as const;

export type Caller = (typeof callers)[number];

/** As a Role of the user's says. */
export function mayReport(caller: string): boolean {
  return caller === 'alerts' || caller === 'operator';
}

/** The answer to a SubjectAccessReview, which asks about any right that a caller reports with. */
export function reviewAccess(review: object): object {
  const { spec } = review as { readonly spec: { readonly user: string } };
  return { ...review, status: { allowed: mayReport(spec.user) } };
}
