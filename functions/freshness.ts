/**
 * May this snapshot decide? DESIGN section 2, "the one rule for hints", and S9. Asked by `look` before anything else.
 *
 * Guarantees: pure. Null: yes. Otherwise why the function has to read the state itself.
 * Not guaranteed: that the snapshot is the newest state. A later one that has been decided on shows as a conflict at the write.
 * Source: KEP-5504 (resource versions of one resource compare as numbers since Kubernetes 1.35).
 */

import { readRecord } from '../lib/selection/record.ts';
import type { ResourceVersion, Snapshot } from '../lib/selection/snapshot.ts';

/** Label of the metric `zen_lead_hints_total`. */
export type HintReason =
  | 'untrusted' // the sender did not say who it is, and nobody has to
  | 'foreign' // Knative's ApiServerSource
  | 'noSnapshot' // the bridge sent none: too large, or it is not the one to speak first
  | 'unreadable' // data that cannot be read, of a newer bridge for instance
  | 'late' // past its deadline (S4)
  | 'old' // older than what was last decided on (S9)
  | 'unfenced' // an EndpointSlice has to be created (look.ts)
  | 'unordered'; // revisions that are no numbers (before Kubernetes 1.35)

export type WhyHint = (snapshot: Snapshot, deadline: number, now: number) => HintReason | null;

export function whyHint(snapshot: Snapshot, deadline: number, now: number): HintReason | null {
  if (now >= deadline) return 'late';
  const { podsRevision, servicesRevision } = readRecord(snapshot);
  const order = [
    compareRevisions(snapshot.revisions.pods, podsRevision),
    compareRevisions(snapshot.revisions.services, servicesRevision),
  ];
  if (order.includes('unordered')) return 'unordered';
  return order.includes('older') ? 'old' : null;
}

/** Nothing recorded: nothing was decided yet, and whatever can be ordered at all is new enough. */
function compareRevisions(
  current: ResourceVersion,
  recorded: string | undefined,
): 'older' | 'same or newer' | 'unordered' {
  if (!isNumber(current) || (recorded !== undefined && !isNumber(recorded))) return 'unordered';
  return recorded !== undefined && BigInt(current) < BigInt(recorded) ? 'older' : 'same or newer';
}

function isNumber(revision: string): boolean {
  return /^\d{1,20}$/.test(revision); // 64 bits at most
}
