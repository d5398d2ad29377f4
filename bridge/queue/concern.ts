/**
 * Concern: why one source Service has to be looked at, and how urgently. Made by `affected`, `recheck` and `resync`, kept in
 * the queue, turned into an event by `toCloudEvent` when it is sent.
 *
 * Not guaranteed: that it names every change. Bursts coalesce, and no decision depends on it (the look is level-triggered).
 */

import type { Change, ReconcileType } from '../../lib/events/reconcileEvent.ts';
import type { ServiceKey } from '../../lib/selection/snapshot.ts';

/** Most urgent first: a route to move; anything else that was seen; what can wait (resync, announcements, followers). */
export const lanes = ['failover', 'change', 'low'] as const;
export type Lane = (typeof lanes)[number];

export interface Concern {
  readonly key: ServiceKey;
  readonly namespace: string;
  readonly name: string;
  readonly type: ReconcileType;
  readonly change: Change;
  readonly lane: Lane;
  /** When the change was seen, or the timer was due. */
  readonly observedAt: number;
  /** When a timer was due: it tells two looks at the same state apart. Absent for what was seen. */
  readonly dueAt?: number;
}

export function isMoreUrgent(lane: Lane, than: Lane): boolean {
  return lanes.indexOf(lane) < lanes.indexOf(than);
}

/**
 * The more urgent one stands for both, then the latest. Always an object of its own, so that whoever still holds `waiting`
 * can tell that something came after it.
 */
export function mergeConcerns(waiting: Concern, latest: Concern): Concern {
  return isMoreUrgent(waiting.lane, latest.lane) ? { ...waiting } : { ...latest };
}
