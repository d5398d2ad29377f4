/**
 * toAnnouncement: finds what the slice says and the record of announcements does not say yet. It is
 * the outbox of docs/reference/events.md#announcements, as a pure function.
 *
 * Null when nothing is owed.
 *
 * Guarantees: the same state gives the same announcement, so two functions that make it at once
 * give it one id.
 */

import type { Decision, Leader, Reason } from './decision.ts';
import { endReasons, reasons } from './decision.ts';
import { addChange, readHistory } from './history.ts';
import { annotation } from './names.ts';
import { isAnnouncedOnSlice, type LeaderRecord, parseEpoch, readRecord } from './record.ts';
import type { ResourceVersion, ServiceView, Snapshot, Uid } from './snapshot.ts';
import type { Write } from './write.ts';

export interface Announcement {
  readonly kind: 'elected' | 'lost';
  readonly reason: Reason;
  readonly leader: Leader | null;
  /** Who was announced last. */
  readonly previous: Leader | null;
  readonly epoch: number;
  /** When the leader changed, epoch milliseconds; undefined when the record does not say. */
  readonly changedAt: number | undefined;
  /** The leader Service, when it has never been announced: it is new. */
  readonly newService: ServiceView | null;
  /** Notes it down; null where the object that would hold it is about to be removed. */
  readonly record: Write | null;
}

export function toAnnouncement(snapshot: Snapshot, decision: Decision): Announcement | null {
  const { source } = snapshot;
  const record = readRecord(snapshot);
  const { service } = record;
  if (source === null || service === null) return null;
  const previous = previousLeader(record, snapshot);
  const { leader, epoch } = decision;

  const slot = snapshot.election?.slot ?? 0;
  if (endReasons.has(decision.reason)) {
    // Going already, or not ours to remove: said, or never to be said. A slot shares its Service.
    if (service.terminating || service.owner === null || slot > 0) return null;
    // The leader Service stays until the source is gone, and that is announced. Until then nothing
    // could record that this has been, and each reconcile would announce it again.
    if (source.terminating) return null;
    return {
      kind: 'lost',
      reason: decision.reason,
      leader,
      previous,
      epoch,
      changedAt: undefined,
      newService: null,
      record: null,
    };
  }
  if (decision.plan === null || record.slice === null || !isRouted(record, decision)) return null;
  const { announced } = record;
  if (announced.epoch === epoch && announced.leaderUid === (leader?.uid ?? null)) return null;
  return {
    kind: leader === null ? 'lost' : 'elected',
    reason: recordedReason(record) ?? decision.reason,
    leader,
    previous,
    epoch,
    changedAt: record.lastSwitchAt,
    newService: announced.epoch === null && slot === 0 ? service : null,
    record: toRecordWrite(record, service, decision, slot),
  };
}

/**
 * That no route is to be written does not mean that the route stands: a write may not be possible
 * now.
 */
function isRouted({ slice, leader }: LeaderRecord, decision: Decision): boolean {
  return leader?.uid === decision.leader?.uid && parseEpoch(slice?.annotations[annotation.epoch]) === decision.epoch;
}

function previousLeader({ announced, service }: LeaderRecord, { candidates }: Snapshot): Leader | null {
  const uid = announced.leaderUid;
  if (uid === null) return null;
  // A LoadBalancer's record holds no name: the pod has one while it is known.
  const name = service?.annotations[annotation.leaderPodName] ?? candidates.find((pod) => pod.uid === uid)?.name ?? uid;
  return { name, uid: uid as Uid };
}

function recordedReason({ slice }: LeaderRecord): Reason | undefined {
  return reasons.find((reason) => reason === slice?.annotations[annotation.reason]);
}

/**
 * On the slice for a LoadBalancer: a cloud controller re-syncs on every annotation change of its
 * Service.
 */
function toRecordWrite(
  record: LeaderRecord,
  service: ServiceView,
  { leader, epoch, reason }: Decision,
  slot: number,
): Write | null {
  const { slice, lastSwitchAt } = record;
  const change = {
    epoch,
    pod: leader?.name ?? null,
    reason: recordedReason(record) ?? reason,
    at: lastSwitchAt ?? null,
  };
  const history = { [annotation.leaderHistory]: addChange(readHistory(service, slice, slot), change) };
  if (isAnnouncedOnSlice(service, slot)) {
    if (slice === null) return null;
    return patchAnnotations('endpointslices', slice, {
      [annotation.announcedEpoch]: String(epoch),
      [annotation.announcedLeaderPodUid]: leader?.uid ?? null,
      ...history,
    });
  }
  return patchAnnotations('services', service, {
    [annotation.announcedEpoch]: String(epoch),
    [annotation.leaderPodName]: leader?.name ?? null,
    [annotation.leaderPodUid]: leader?.uid ?? null,
    [annotation.leaderLastSwitchTime]: lastSwitchAt === undefined ? null : new Date(lastSwitchAt).toISOString(),
    ...history,
  });
}

interface Annotated {
  readonly namespace: string;
  readonly name: string;
  readonly uid: Uid;
  readonly resourceVersion: ResourceVersion;
}

function patchAnnotations(
  resource: 'services' | 'endpointslices',
  { namespace, name, uid, resourceVersion }: Annotated,
  annotations: Readonly<Record<string, string | null>>,
): Write {
  const patch = { metadata: { uid, resourceVersion, annotations } };
  return { stage: 'follow', kind: 'patch', resource, namespace, name, uid, resourceVersion, patch };
}
