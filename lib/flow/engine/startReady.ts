/**
 * Starts ready steps, as many as there is room for.
 *
 * Guarantees: never more than `parallelism` run (Z9). Which start does not depend on the order of
 * the spec: those of lesser depth first, then by name.
 */

import { retryAt } from './backoff.ts';
import type { Progress } from './progress.ts';
import { roomOf } from './room.ts';
import { isReady } from './settlePending.ts';
import { hasOpenSteps } from './stops.ts';

export interface Start {
  readonly step: string;
  readonly attempt: number;
}

export interface Started {
  readonly starts: readonly Start[];
  /** Room is left, and only `most` held it back. */
  readonly hasMore: boolean;
}

/** `most`: as many start at once. */
export function startReady(progress: Progress, hold: 'Suspended' | 'Group' | null, most: number, now: number): Started {
  const starts: Start[] = [];
  const isOpen = hasOpenSteps(progress);
  let room = roomOf(progress);
  let hasMore = false;
  for (const step of progress.ordered) {
    const before = progress.step(step.name);
    if (!isReady(before) || step.type === 'Manual') continue;
    // Of `finally`, ready before a person retried a step of the flow.
    if (isOpen && progress.isFinal(step.name)) continue;
    const isLater = (retryAt(step, before) ?? now) > now;
    if (hold !== null || isLater || room <= 0 || starts.length >= most) {
      hasMore ||= hold === null && !isLater && room > 0;
      if (before.reason !== 'Backoff') progress.change(step.name, { reason: hold ?? 'Parallelism' });
      continue;
    }
    room -= 1;
    progress.change(step.name, { phase: 'Running', reason: null, startedAt: now, endedAt: null, jobUid: null });
    starts.push({ step: step.name, attempt: before.attempt });
  }
  return { starts, hasMore };
}
