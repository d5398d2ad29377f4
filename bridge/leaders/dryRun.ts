/**
 * dryRun: decides what a function would do about one Service, going by this replica's own store.
 *
 * Guarantees: pure, the same rules as in the function.
 * Does not guarantee that the store is new; so nothing more than a hint may come of it.
 */

import { toAnnouncement } from '../../lib/selection/announcement.ts';
import { assess } from '../../lib/selection/assess.ts';
import { catchUp } from '../../lib/selection/catchUp.ts';
import { viewsOf } from '../../lib/selection/elections/electionsOf.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import { usesScaleDown } from '../../lib/selection/usesScaleDown.ts';

interface DryRun {
  /**
   * A route would be written, now. Announcements and followers can wait for the replica that sends
   * first.
   */
  readonly wantsRoute: boolean;
  /** Which route, and why; of several elections, each. */
  readonly change: string;
  /** Epoch milliseconds; null where only a change can change this. */
  readonly nextLookAt: number | null;
}

export function dryRun(snapshot: Snapshot, now: number): DryRun {
  const { decision, writes, nextLookAt, elections = [{ decision }] } = assess(catchUp(snapshot), now);
  const change = elections.map((each) => `${each.decision.reason} ${each.decision.leader?.uid ?? ''}`).join();
  return { wantsRoute: writes.some(({ stage }) => stage === 'route'), change, nextLookAt };
}

/** A reconcile would move nothing, now or later without another change. */
export function canWait(snapshot: Snapshot, now: number): boolean {
  const { wantsRoute, nextLookAt } = dryRun(snapshot, now);
  return !wantsRoute && nextLookAt === null;
}

/**
 * A reconcile would write, announce and warn of nothing, and ask for no other one. So it is after
 * our own last write of a Service has come back.
 *
 * What scale-down would do only a function can say: it reads the workload.
 */
export function isSettled(snapshot: Snapshot, now: number): boolean {
  if (usesScaleDown(snapshot)) return false;
  return viewsOf(snapshot).every((view) => {
    const { decision, writes, nextLookAt } = assess(view, now);
    const owes = writes.length > 0 || decision.warnings.length > 0 || nextLookAt !== null;
    return !owes && toAnnouncement(view, decision) === null;
  });
}
