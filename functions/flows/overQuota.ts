/** Recognises a quota that is used up, and says when it is worth to ask again. */

import { codeOf } from '../../lib/errors.ts';
import { UNSEEN_JOB_MS } from '../../lib/flow/engine/endAttempts.ts';
import type { FlowRecord } from '../../lib/flow/state/record.ts';

export const LONGEST_QUOTA_MS = 300_000;

/**
 * The words of the ResourceQuota admission plugin. Without the right to create, the API server also
 * answers 403, and somebody has to grant it.
 * Source: staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go
 */
export function isOverQuota(error: unknown): boolean {
  return codeOf(error) === 'KUBE_FORBIDDEN' && error instanceof Error && error.message.includes('exceeded quota');
}

/**
 * Each wait is as long as all before it, so that they double. It is a function of the record:
 * nothing remembers how often was tried.
 */
export function createAgainAt({ steps }: FlowRecord, unmade: ReadonlySet<string>, now: number): number {
  const startedAt = steps.flatMap((step) => (unmade.has(step.name) ? (step.startedAt ?? now) : []));
  const waitedMs = now - Math.min(now, ...startedAt);
  return now + Math.min(LONGEST_QUOTA_MS, Math.max(UNSEEN_JOB_MS, waitedMs));
}
