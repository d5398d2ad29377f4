/**
 * Says when a flow has to be decided about again although nothing changes.
 *
 * Guarantees: not before `now`. Null where nothing waits for a time. At most an hour away: a timer
 * that lasts longer is no better than the resync.
 */

import { retryAt } from './backoff.ts';
import type { Missing } from './endAttempts.ts';
import type { Progress } from './progress.ts';
import { deadlineAt, expiresAt, finallyDeadlineAt } from './stops.ts';

const LONGEST_MS = 3_600_000;

export interface Timers {
  readonly missing: readonly Missing[];
  readonly jobsExpireAt: number | null;
  readonly uidsDueAt: number | null;
  /** When the group is asked again. */
  readonly groupAt: number | null;
  /** More could start at once. */
  readonly hasMore: boolean;
}

export function nextReconcileAt(progress: Progress, timers: Timers, now: number): number | null {
  const { spec } = progress;
  const { endedAt, suspendedAt } = progress.record();
  const instants = [
    timers.jobsExpireAt,
    timers.uidsDueAt,
    timers.groupAt,
    deadlineAt(progress),
    finallyDeadlineAt(progress),
    expiresAt(spec, endedAt),
    ...timers.missing.map(({ readAt }) => readAt),
    ...progress.ordered.map((step) => {
      const record = progress.step(step.name);
      if (record.phase === 'PendingApproval' && step.approval.timeoutMs !== null) {
        return (record.startedAt ?? now) + step.approval.timeoutMs;
      }
      return suspendedAt === null ? retryAt(step, record) : null;
    }),
  ];
  // A retry that is due waits for room, which is no matter of time.
  const later = instants.filter((instant) => instant !== null && instant > now);
  const isDue = timers.hasMore || timers.missing.some(({ readAt }) => readAt <= now);
  if (isDue) return now;
  return later.length === 0 ? null : Math.min(...later.map(Number), now + LONGEST_MS);
}
