/**
 * Decision: what the rules say about one Service at one instant, and the closed list of reasons.
 *
 * Made by `decide`, turned into writes by `toPatch`, told to the world by the reply, the log line, the metrics and the
 * record on the slice: all of them use the reasons listed here and no other.
 */

import type { Candidate, IpFamily, ServicePort, SlicePort, Uid } from './snapshot.ts';

export interface Leader {
  readonly name: string;
  readonly uid: Uid;
  readonly nodeName?: string;
  readonly zone?: string;
}

export const electedReasons = [
  'FirstLeader', // nobody was routed to before
  'LeaderGone', // the leader's pod is no longer there, or is another one under the same name
  'LeaderTerminating',
  'LeaderFinished', // Succeeded or Failed
  'LeaderNotReady',
  'LeaderExcluded', // `zen-lead.io/exclude: "true"` on the pod
  'LeaderNotSelected', // it lost the label that the source selects
  'LeaderWithoutAddress', // no IP of the primary family
  'LeaderPortUnresolved', // ports-mode strict and a named port that it does not have
  'Pinned',
  'Preferred', // sticky is false and the strategy puts another one first
  'SliceMadeAnew', // the same pod, under a new epoch: the slice was deleted, or the leader Service renamed
] as const;

export const keptReasons = [
  'LeaderFit',
  'Paused',
  'FailoverDelayed', // failover-min-delay is running
  'Held', // no-leader hold
] as const;

export const lostReasons = [
  'OptedOut',
  'NoPodsFound', // the selector matches nothing
  'NoReadyPods', // pods, but none is fit
  'WaitingForMinReady', // a fit pod, but not for long enough
  'PortResolutionFailed', // fit pods, but none has the named ports (strict)
  'Paused', // frozen, and the frozen leader is gone
  'InvalidService', // the source has become one that selects no pods
  'SourceGone',
] as const;

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

/** Something a user has to know about; becomes a Warning Event and a metric. `value` makes its Event name unique. */
export interface Warning {
  readonly reason:
    | 'InvalidAnnotation'
    | 'InvalidService'
    | 'NameConflict'
    | 'ForeignEndpointSlice'
    | 'PortResolutionFailed'
    | 'NoReadyPods'
    | 'NoPodsFound';
  readonly value: string;
  readonly message: string;
}

/** Where the traffic of one address family goes. */
export interface Route {
  readonly family: IpFamily;
  readonly sliceName: string;
  /** Null: nobody, or the leader has no address of this family. */
  readonly address: string | null;
  readonly ports: readonly SlicePort[];
}

/** A Service of ours as it should be; what is not listed is left as it is. */
export interface ServicePlan {
  readonly name: string;
  readonly role: 'leader' | 'followers';
  readonly type: 'ClusterIP' | 'LoadBalancer' | 'NodePort';
  readonly headless: boolean;
  readonly ports: readonly ServicePort[];
  readonly ipFamilies: readonly IpFamily[];
  readonly ipFamilyPolicy?: string;
}

export interface FollowersPlan {
  readonly service: ServicePlan;
  /** Every Ready pod but the leader, by creation, then name. */
  readonly pods: readonly Candidate[];
}

/** What should exist. */
export interface Plan {
  readonly leaderServiceName: string;
  /** Null: the leader Service is not ours to write, or the source says nothing to mirror. */
  readonly service: ServicePlan | null;
  /** One a family, the primary first. */
  readonly routes: readonly Route[];
  /** `keep`: the annotation cannot be read, so what there is stays as it is. */
  readonly followers: FollowersPlan | 'keep' | null;
}

export interface Decision {
  readonly kind: DecisionKind;
  readonly reason: Reason;
  readonly previous: Leader | null;
  readonly leader: Leader | null;
  /** The fencing token that stands after this decision was written. 0 when nothing has ever been elected. */
  readonly epoch: number;
  /** Null: nothing of ours should exist (OptedOut), or nothing may be written (SourceGone, refused). */
  readonly plan: Plan | null;
  /** Sorted by reason and value, no duplicates. */
  readonly warnings: readonly Warning[];
}
