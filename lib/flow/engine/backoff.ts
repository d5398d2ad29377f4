/** Says when an attempt may begin. It adds no jitter: a decision is a function of its input. */

import type { RetryPolicy, Step } from '../spec/flowSpec.ts';
import type { StepRecord } from '../state/record.ts';

/** How long after the end of the previous one attempt `attempt` may begin, in milliseconds. */
export function retryDelayMs(retry: RetryPolicy, attempt: number): number {
  const retries = Math.max(1, attempt - 1);
  const growth =
    retry.type === 'Fixed' ? 1 : retry.type === 'Linear' ? retries : Math.min(retry.factor ** (retries - 1), 1e9);
  return Math.min(retry.delayMs * growth, retry.maxDelayMs);
}

/** Null where it may begin at once. */
export function retryAt(step: Step, { phase, reason, attempt, endedAt }: StepRecord): number | null {
  if (phase !== 'Pending' || reason !== 'Backoff' || endedAt === null || step.retry === null) return null;
  return endedAt + retryDelayMs(step.retry, attempt);
}
