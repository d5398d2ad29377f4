/**
 * May this snapshot decide? docs/reference/events.md#hints and S9. Asked by `look` before anything else.
 *
 * Guarantees: pure. Null: yes. Otherwise why the function has to read the state itself.
 * Not guaranteed: that the snapshot is the newest state. A later one that has been decided on shows as a conflict at the write.
 * Source: KEP-5504 (resource versions of one resource compare as numbers since Kubernetes 1.35).
 */

import { compareRevisions } from '../../lib/selection/compareRevisions.ts';
import { readRecord } from '../../lib/selection/record.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';

/** Label of the metric `zen_lead_hints_total`. */
export type HintReason =
  | 'untrusted' // the sender did not say who it is, and nobody has to
  | 'foreign' // Knative's ApiServerSource
  | 'noSnapshot' // the bridge sent none: too large, or it is not the one to speak first
  | 'unreadable' // data that cannot be read, of a newer bridge for instance
  | 'late' // past its deadline (S4)
  | 'old' // older than what was last decided on (S9)
  | 'unfenced' // no slice holds a record that it could be older than, or one is to be made (look.ts)
  | 'unordered'; // revisions that are no numbers (before Kubernetes 1.35)

export type WhyHint = (snapshot: Snapshot, deadline: number, now: number) => HintReason | null;

export function whyHint(snapshot: Snapshot, deadline: number, now: number): HintReason | null {
  if (now >= deadline) return 'late';
  const { podsRevision, servicesRevision } = readRecord(snapshot);
  // Nothing recorded: nothing was decided yet, and whatever can be ordered at all is new enough.
  const orderOf = (revision: string, recorded = revision) => compareRevisions(revision, recorded);
  const { pods, services } = snapshot.revisions;
  const orders = [orderOf(pods, podsRevision), orderOf(services, servicesRevision)];
  if (orders.includes('unordered')) return 'unordered';
  return orders.includes('older') ? 'old' : null;
}
