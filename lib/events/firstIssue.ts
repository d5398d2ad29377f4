/**
 * Returns the first problem that zod found, with a dotted path from `root`.
 */

import type { z } from 'zod';

export function firstIssue(root: string, error: z.ZodError): { readonly path: string; readonly problem: string } {
  const [issue] = error.issues;
  return { path: [root, ...(issue?.path ?? [])].join('.'), problem: issue?.message ?? 'cannot be read' };
}
