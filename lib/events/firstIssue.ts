/**
 * firstIssue: what zod found first, in our words: a dotted path from `root` and the problem.
 */

import type { z } from 'zod';

export function firstIssue(root: string, error: z.ZodError): { readonly path: string; readonly problem: string } {
  const [issue] = error.issues;
  return { path: [root, ...(issue?.path ?? [])].join('.'), problem: issue?.message ?? 'cannot be read' };
}
