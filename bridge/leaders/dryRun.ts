/**
 * dryRun: decides what a function would do about one Service, going by this replica's own store.
 *
 * Guarantees: pure, the same rules as in the function.
 * Does not guarantee that the store is new; so nothing more than a hint may come of it.
 */

import { assess } from '../../lib/selection/assess.ts';
import { compareRevisions } from '../../lib/selection/compareRevisions.ts';
import { readRecord } from '../../lib/selection/record.ts';
import type { ResourceVersion, Snapshot } from '../../lib/selection/snapshot.ts';

interface DryRun {
  /**
   * A route would be written, now. Announcements and followers can wait for the replica that sends
   * first.
   */
  readonly wantsRoute: boolean;
  /** Epoch milliseconds; null where only a change can change this. */
  readonly nextLookAt: number | null;
}

export function dryRun(snapshot: Snapshot, now: number): DryRun {
  const { writes, nextLookAt } = assess(catchUp(snapshot), now);
  return { wantsRoute: writes.some(({ stage }) => stage === 'route'), nextLookAt };
}

/**
 * With the revisions that were last decided on, where ours are behind. A quiet watch is behind
 * every LIST that a hint makes, and the rules would want the record lowered to it: right for state
 * that was read just now (a restored etcd), and no route to move.
 */
function catchUp(snapshot: Snapshot): Snapshot {
  const { podsRevision, servicesRevision } = readRecord(snapshot);
  const { pods, services, slices } = snapshot.revisions;
  return {
    ...snapshot,
    revisions: { pods: newer(pods, podsRevision), services: newer(services, servicesRevision), slices },
  };
}

/** Where they cannot be ordered, ours stands. */
function newer(ours: ResourceVersion, recorded: string | undefined): ResourceVersion {
  if (recorded === undefined || compareRevisions(recorded, ours) !== 'newer') return ours;
  return toResourceVersion(recorded);
}

function toResourceVersion(text: string): ResourceVersion {
  return text as ResourceVersion;
}
