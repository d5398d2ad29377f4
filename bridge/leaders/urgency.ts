/**
 * Urgency: chooses the lane of a change, by the store right after the change.
 *
 * It only ranks: fitness here is what a pod shows by itself, without ports, families and grace
 * periods. The rules decide, in the function. A change in a lane too low is late by what waits
 * before it, never lost.
 */

import { type CandidateCondition, conditionOf, readinessOf } from '../../lib/selection/candidateCondition.ts';
import type { PodView, SliceView } from '../../lib/selection/snapshot.ts';
import type { Lane } from '../queue/concern.ts';
import type { ObjectChange } from '../watch/reflectorStore.ts';
import type { NamespaceIndex } from './namespaceIndex.ts';
import type { VerdictChange } from './observer.ts';
import { isLeaderSlice } from './sliceIndex.ts';

/**
 * Failover where the routed pod became unfit or another one, or a pod became fit where no fit one
 * is routed to.
 */
export function laneOfPod(change: ObjectChange<PodView>, source: string, index: NamespaceIndex): Lane {
  const { object } = change;
  const isFit =
    change.kind !== 'deleted' &&
    appearsFit(object, conditionIn(index, source)) &&
    index.pods.members(source).has(object.name);
  const routed = index.routedPod(source);
  if (routed !== null && routed.name === object.name)
    return isFit && routed.uid === object.uid && hasAddress(object, routed.address) ? 'change' : 'failover';
  // A fit pod beside a fit leader is a follower.
  return isFit && !isServed(source, index) ? 'failover' : 'change';
}

/**
 * Failover where the routed pod's verdict has turned failing, or another pod passes while no pod
 * that passes is routed to. Of roles: where the routed pod is not the primary, or another pod is.
 */
export function laneOfVerdict(
  { source, podUid, verdict, role }: VerdictChange,
  leaderFails: boolean,
  index: NamespaceIndex,
): Lane {
  const isLeader = index.routedPod(source.name)?.uid === podUid;
  if (role !== undefined) return isLeader === (role === 'primary') ? 'change' : 'failover';
  if (isLeader) return verdict === 'failing' ? 'failover' : 'change';
  return verdict === 'passing' && (leaderFails || !isServed(source.name, index)) ? 'failover' : 'change';
}

/**
 * Failover where no fit pod is routed to, and one could be. Else it follows from our own write of a
 * route. A slice that appears without a record is empty, and the function that made it is about to
 * fill it.
 */
export function laneOfOurSlice({ kind, object }: ObjectChange<SliceView>, source: string, index: NamespaceIndex): Lane {
  if (isServed(source, index) || (kind === 'added' && !isLeaderSlice(object))) return 'low';
  const condition = conditionIn(index, source);
  for (const pod of index.pods.members(source).values()) if (appearsFit(pod, condition)) return 'failover';
  return 'low';
}

/** A pod that appears fit is routed to, at one of its own addresses. */
export function isServed(source: string, index: NamespaceIndex): boolean {
  const routed = index.routedPod(source);
  const pod = routed === null ? undefined : index.pods.byName.get(routed.name);
  if (routed === null || pod === undefined || pod.uid !== routed.uid) return false;
  return appearsFit(pod, conditionIn(index, source)) && hasAddress(pod, routed.address);
}

function conditionIn(index: NamespaceIndex, source: string): CandidateCondition {
  return conditionOf(index.services.byName.get(source)?.annotations);
}

function appearsFit(pod: PodView, condition: CandidateCondition): boolean {
  const { ready } = readinessOf(pod, condition);
  return ready && pod.phase === 'Running' && !pod.terminating && pod.ips.length > 0 && pod.exclude !== 'true';
}

function hasAddress(pod: PodView, address: string | undefined): boolean {
  return address !== undefined && pod.ips.includes(address);
}
