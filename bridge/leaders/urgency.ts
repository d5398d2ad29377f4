/**
 * Urgency: chooses the lane of a change, by the store right after the change.
 *
 * It only ranks: fitness here is what a pod shows by itself, without ports, families and grace
 * periods. The rules decide, in the function. A change in a lane too low is late by what waits
 * before it, never lost.
 */

import { type CandidateCondition, conditionOf, readinessOf } from '../../lib/selection/candidateCondition.ts';
import { isLeaderSlice } from '../../lib/selection/ownership.ts';
import type { PodView, SliceView } from '../../lib/selection/snapshot.ts';
import type { Lane } from '../queue/concern.ts';
import type { ObjectChange } from '../watch/reflectorStore.ts';
import type { NamespaceIndex, RoutedPod } from './namespaceIndex.ts';
import type { VerdictChange } from './observer.ts';

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
  const routes = [...index.routes(source).values()].filter((routed) => routed?.name === object.name);
  if (routes.length > 0) {
    const isAsRouted = (routed: (typeof routes)[number]): boolean =>
      routed?.uid === object.uid && hasAddress(object, routed.address);
    return isFit && routes.every(isAsRouted) ? 'change' : 'failover';
  }
  // Of a handover that overlaps, the pod that was left is routed to, too.
  if (!isFit && index.ourSlices.ledBy(object.name).has(source)) return 'failover';
  // A fit pod beside a fit leader is a follower.
  return isFit && !isServed(source, index) ? 'failover' : 'change';
}

/**
 * Failover where the routed pod's verdict has turned failing, or another pod passes while no pod
 * that passes is routed to. Of roles: where the routed pod is not the primary, or another pod is.
 */
export function laneOfVerdict(
  { source, podName, podUid, verdict, role }: VerdictChange,
  leaderFails: boolean,
  index: NamespaceIndex,
): Lane {
  const isLeader = [...index.routes(source.name).values()].some((routed) => routed?.uid === podUid);
  if (role !== undefined) return isLeader === (role === 'primary') ? 'change' : 'failover';
  if (isLeader) return verdict === 'failing' ? 'failover' : 'change';
  if (verdict === 'failing' && index.ourSlices.ledBy(podName).has(source.name)) return 'failover';
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

/**
 * A pod that appears fit is routed to, at one of its own addresses. Of several elections, each has
 * one, but those for which no fit pod is left.
 */
export function isServed(source: string, index: NamespaceIndex): boolean {
  const routes = [...index.routes(source).values()];
  const condition = conditionIn(index, source);
  if (!routes.some((routed) => routed !== null)) return false;
  if (!routes.every((routed) => routed === null || isFitRoute(routed, source, index))) return false;
  return routes.every((routed) => routed !== null) || !hasFreePod(source, index, condition);
}

/** The pod appears fit, and has the address that is routed to. */
export function isFitRoute({ name, uid, address }: RoutedPod, source: string, index: NamespaceIndex): boolean {
  const pod = index.pods.byName.get(name);
  if (pod === undefined || pod.uid !== uid) return false;
  return appearsFit(pod, conditionIn(index, source)) && hasAddress(pod, address);
}

/** A pod that appears fit leads none of the elections. */
function hasFreePod(source: string, index: NamespaceIndex, condition: CandidateCondition): boolean {
  const leaders = new Set([...index.routes(source).values()].map((routed) => routed?.name));
  for (const pod of index.pods.members(source).values())
    if (!leaders.has(pod.name) && appearsFit(pod, condition)) return true;
  return false;
}

/** The pods of a source that could take traffic, going by what they show. */
export function fitPods(source: string, index: NamespaceIndex): readonly PodView[] {
  const condition = conditionIn(index, source);
  return [...index.pods.members(source).values()].filter((pod) => appearsFit(pod, condition));
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
