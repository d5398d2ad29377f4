/**
 * catchUp: gives a snapshot the revisions that were last decided on, where its own are behind.
 *
 * A quiet watch is behind every LIST that a function makes. Of such a snapshot the rules would want
 * the record lowered to it. That is right only for state that was read just now (a restored etcd).
 * Caught up, it says whether anything is to be moved.
 *
 * Guarantees: pure. Where revisions cannot be ordered, those of the snapshot stand.
 * Does not guarantee that the snapshot is new. What it leads to may not be written (S9).
 */

import { compareRevisions } from './compareRevisions.ts';
import { viewsOf } from './elections/electionsOf.ts';
import { readRecord } from './record.ts';
import type { ResourceVersion, Snapshot } from './snapshot.ts';

export function catchUp(snapshot: Snapshot): Snapshot {
  const records = viewsOf(snapshot).map(readRecord);
  const { revisions } = snapshot;
  const pods = records.reduce((at, { podsRevision }) => newer(at, podsRevision), revisions.pods);
  const services = records.reduce((at, { servicesRevision }) => newer(at, servicesRevision), revisions.services);
  // Nearly every snapshot is newer than the record. What was read of it stands.
  if (pods === revisions.pods && services === revisions.services) return snapshot;
  return { ...snapshot, revisions: { ...revisions, pods, services } };
}

function newer(ours: ResourceVersion, recorded: string | undefined): ResourceVersion {
  if (recorded === undefined || compareRevisions(recorded, ours) !== 'newer') return ours;
  return toResourceVersion(recorded);
}

function toResourceVersion(text: string): ResourceVersion {
  return text as ResourceVersion;
}
