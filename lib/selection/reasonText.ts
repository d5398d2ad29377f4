/**
 * Words each reason of a decision as a phrase. The reasons themselves stand in
 * lib/selection/decision.ts.
 */

import type { Reason } from './decision.ts';

export const reasonText: Readonly<Record<Reason, string>> = {
  FirstLeader: 'no pod led before',
  LeaderGone: 'the pod that led before is gone',
  LeaderTerminating: 'the pod that led before was being deleted',
  LeaderFinished: 'the pod that led before had ended (Succeeded or Failed)',
  LeaderNotReady: 'the pod that led before was not Ready',
  LeaderExcluded: 'the pod that led before was excluded by zen-lead.io/exclude',
  LeaderNotSelected: 'the pod that led before had lost the label that the Service selects',
  LeaderWithoutAddress: 'the pod that led before had no IP of the Service’s first family',
  LeaderPortUnresolved: 'the pod that led before lacked a port that the Service names (ports-mode strict)',
  LeaderReported: 'the pod that led before is reported unfit',
  LeaderUnhealthy: 'the pod that led before failed its health check',
  LeaderNodeSilent: 'the node of the pod that led before was silent',
  LeaderNodeUnfit: 'the node of the pod that led before had a condition that makes it unfit',
  LeaderNodeCordoned: 'the node of the pod that led before was cordoned, and on-cordon is move',
  LastResort: 'every Ready pod fails the health check or is reported unfit, and no-leader is hold',
  RoleTaken: 'it says that it is the primary, and the pod that led before does not',
  Pinned: 'pinned by zen-lead.io/pin-leader',
  Preferred: 'the strategy prefers it, and sticky is false',
  ScaleDownSurvivor: 'it is the pod that survives when the workload is scaled down',
  LeaderShared: 'the pod that led before leads a lower slot of the same pool',
  SliceMadeAnew: 'the same pod under a new epoch: its EndpointSlice was made again',
  LeaderFit: 'the leader is fit',
  Paused: 'the Service is paused',
  FailoverDelayed: 'failover-min-delay is running',
  Held: 'no pod is fit, and no-leader is hold',
  AllReported: 'each pod that could lead is reported unfit',
  AllUnhealthy: 'the leader fails its health check, and no pod that passes it can take over',
  NoPrimary: 'no pod says that it is the primary',
  OptedOut: 'the Service is not annotated with zen-lead.io/enabled: "true"',
  ElectionRemoved: 'the Service no longer asks for this election or slot',
  NoPodsFound: 'the selector matches no pod',
  NoReadyPods: 'no pod is fit',
  NoFreePod: 'each fit pod leads another election or slot of the Service',
  NoHealthyPods: 'no Ready pod passes its health check',
  WaitingForMinReady: 'no pod has been Ready for min-ready-duration yet',
  PortResolutionFailed: 'no fit pod has every port that the Service names (ports-mode strict)',
  InvalidService: 'the Service selects no pods',
  SourceGone: 'the Service is gone',
  NameConflict: 'the name of the leader Service is taken',
  ForeignEndpointSlice: 'the name of the EndpointSlice is taken',
};
