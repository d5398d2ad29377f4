/**
 * Decision: what the rules say about one Service at one instant, and the closed list of reasons.
 *
 * The reply, the log line, the metrics and the record on the slice use these reasons and no others.
 */

import type { Overlap } from './overlap.ts';
import type { Candidate, IpFamily, ServicePort, SlicePort, Uid } from './snapshot.ts';

export interface Leader {
  readonly name: string;
  readonly uid: Uid;
  readonly nodeName?: string;
  readonly zone?: string;
}

export const electedReasons = [
  'FirstLeader', // no pod was routed to before
  'LeaderGone', // the leader's pod is no longer there, or is another one under the same name
  'LeaderTerminating',
  'LeaderFinished', // Succeeded or Failed
  'LeaderNotReady',
  'LeaderExcluded', // `zen-lead.io/exclude: "true"` on the pod
  'LeaderNotSelected', // it lost the label that the source selects
  'LeaderWithoutAddress', // no IP of the primary family
  'LeaderPortUnresolved', // ports-mode strict and a named port that it does not have
  'LeaderReported', // a caller from outside says that it is unfit
  'LeaderUnhealthy', // it fails its health check, and the new one passes it
  'LeaderNodeSilent', // its node is silent, and the new one is on a node that is not
  'LeaderNodeUnfit', // its node has a condition that makes it unfit, and the new one's has not
  'LeaderNodeCordoned', // its node is cordoned, on-cordon is move, and the new one's is not
  'LastResort', // no-leader hold, no pod leads, and every Ready pod fails its check or is reported
  'RoleTaken', // it says that it is the primary, and the leader does not
  'Pinned',
  'Preferred', // sticky is false and the strategy puts another one first
  'ScaleDownSurvivor', // it survives when the workload is scaled down, and the leader would not
  'LeaderShared', // it leads a lower slot of the same pool
  'SliceMadeAnew', // the same pod under a new epoch, after a deleted slice or a renamed Service
] as const;

export const keptReasons = [
  'LeaderFit',
  'Paused',
  'FailoverDelayed', // failover-min-delay is running
  'Held', // no-leader hold
  'AllReported', // the leader is reported unfit, and no other pod can take over
  'AllUnhealthy', // the leader fails its health check, and no pod that passes it can take over
  'NoPrimary', // no-leader hold, and no pod says that it is the primary
] as const;

export const lostReasons = [
  'OptedOut',
  'ElectionRemoved', // taken out of `elections`, or a slot beyond `active`
  'NoPodsFound', // the selector matches nothing
  'NoReadyPods', // pods, but none is fit
  'AllReported', // Ready pods, but each is reported unfit
  'NoHealthyPods', // Ready pods, but none passes its health check
  'NoFreePod', // fit pods, but each leads another election or slot that it may not share with
  'NoPrimary', // fit pods, but none says that it is the primary
  'WaitingForMinReady', // a fit pod, but not for long enough
  'PortResolutionFailed', // fit pods, but none has the named ports (strict)
  'Paused', // frozen, and the frozen leader is gone
  'InvalidService', // the source has become one that selects no pods
  'SourceGone',
] as const;

/** A fit leader is left for another one because a user asked for it. */
export const plannedReasons: ReadonlySet<Reason> = new Set<Reason>([
  'Pinned',
  'Preferred',
  'LeaderNodeCordoned',
  'ScaleDownSurvivor',
]);

/** After them nothing of the election is left. */
export const endReasons: ReadonlySet<Reason> = new Set<Reason>(['OptedOut', 'ElectionRemoved']);

export const refusedReasons = ['InvalidService', 'NameConflict', 'ForeignEndpointSlice'] as const;

export type DecisionKind = 'elected' | 'kept' | 'lost' | 'refused';
export type Reason =
  | (typeof electedReasons)[number]
  | (typeof keptReasons)[number]
  | (typeof lostReasons)[number]
  | (typeof refusedReasons)[number];

export const reasons: readonly Reason[] = [
  ...new Set<Reason>([...electedReasons, ...keptReasons, ...lostReasons, ...refusedReasons]),
];

/**
 * A warning that a user has to know about. It becomes a Warning Event and a metric; `value` makes
 * its Event name unique.
 */
export interface Warning {
  readonly reason:
    | 'InvalidAnnotation'
    | 'InvalidService'
    | 'NameConflict'
    | 'ForeignEndpointSlice'
    | 'PortResolutionFailed'
    | 'HealthCheckFailing'
    | 'ReportedUnfit'
    | 'TwoPrimaries'
    | 'NoPrimary'
    | 'RoleDecides'
    | 'NodeSilent'
    | 'NodeUnfit'
    | 'DemotionRefused'
    | 'DemotionSkipped'
    | 'ScaleDownRefused'
    | 'NoReadyPods'
    | 'NoPodsFound';
  readonly value: string;
  readonly message: string;
}

/** Where the traffic of one address family goes. */
export interface Route {
  readonly family: IpFamily;
  readonly sliceName: string;
  /** Null when no pod leads, or when the leader has no address of this family. */
  readonly address: string | null;
  readonly ports: readonly SlicePort[];
}

/** One of our Services as it should be. What is not listed stays as it is. */
export interface ServicePlan {
  readonly name: string;
  readonly role: 'leader' | 'followers';
  readonly type: 'ClusterIP' | 'LoadBalancer' | 'NodePort';
  readonly headless: boolean;
  readonly ports: readonly ServicePort[];
  readonly ipFamilies: readonly IpFamily[];
  readonly ipFamilyPolicy?: string;
  /** Absent where the source has one election. */
  readonly election?: string;
}

export interface FollowersPlan {
  readonly service: ServicePlan;
  /** Every Ready pod but the leader, by creation, then name. */
  readonly pods: readonly Candidate[];
}

/** What should exist. */
export interface Plan {
  readonly leaderServiceName: string;
  /**
   * Null when the leader Service is not ours to write, or when the source says nothing to mirror.
   */
  readonly service: ServicePlan | null;
  /** One per family, the primary first. */
  readonly routes: readonly Route[];
  /** Who is routed to beside the leader. Absent where the leader is alone. */
  readonly overlap?: Overlap;
  /** `keep` when the annotation cannot be read, so that what exists stays as it is. */
  readonly followers: FollowersPlan | 'keep' | null;
}

export interface Decision {
  readonly kind: DecisionKind;
  readonly reason: Reason;
  readonly previous: Leader | null;
  readonly leader: Leader | null;
  /**
   * The fencing token that stands after this decision was written. 0 when no pod was ever elected.
   */
  readonly epoch: number;
  /**
   * Null when none of our objects should exist (OptedOut, ElectionRemoved), or when nothing may be
   * written (SourceGone, refused).
   */
  readonly plan: Plan | null;
  /** Sorted by reason and value, no duplicates. */
  readonly warnings: readonly Warning[];
}
