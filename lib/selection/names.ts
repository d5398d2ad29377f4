/**
 * The labels, annotations and manager names that users and other controllers see.
 * docs/reference/annotations.md; docs/reference/objects.md.
 */

const PREFIX = 'zen-lead.io/';

export const annotation = {
  enabled: `${PREFIX}enabled`,
  leaderServiceName: `${PREFIX}leader-service-name`,
  sticky: `${PREFIX}sticky`,
  strategy: `${PREFIX}strategy`,
  candidateCondition: `${PREFIX}candidate-condition`,
  preferredNodes: `${PREFIX}preferred-nodes`,
  preferredZones: `${PREFIX}preferred-zones`,
  minReadyDuration: `${PREFIX}min-ready-duration`,
  failoverMinDelay: `${PREFIX}failover-min-delay`,
  noLeader: `${PREFIX}no-leader`,
  portsMode: `${PREFIX}ports-mode`,
  pinLeader: `${PREFIX}pin-leader`,
  paused: `${PREFIX}paused`,
  followers: `${PREFIX}followers`,
  leaderServiceType: `${PREFIX}leader-service-type`,
  healthCheck: `${PREFIX}health-check`,
  healthCheckInterval: `${PREFIX}health-check-interval`,
  healthCheckTimeout: `${PREFIX}health-check-timeout`,
  healthCheckFailureThreshold: `${PREFIX}health-check-failure-threshold`,
  healthCheckSuccessThreshold: `${PREFIX}health-check-success-threshold`,
  roleCheck: `${PREFIX}role-check`,
  roleCheckSend: `${PREFIX}role-check-send`,
  roleCheckExpect: `${PREFIX}role-check-expect`,
  onDemote: `${PREFIX}on-demote`,
  onCordon: `${PREFIX}on-cordon`,
  scaleDown: `${PREFIX}scale-down`,
  scaleDownAfter: `${PREFIX}scale-down-after`,
  handover: `${PREFIX}handover`,
  handoverOverlap: `${PREFIX}handover-overlap`,
  elections: `${PREFIX}elections`,
  active: `${PREFIX}active`,
  spread: `${PREFIX}spread`,
  // on pods
  priority: `${PREFIX}priority`,
  weight: `${PREFIX}weight`,
  exclude: `${PREFIX}exclude`,
  // the record, on the primary slice
  leaderPodName: `${PREFIX}leader-pod-name`,
  leaderPodUid: `${PREFIX}leader-pod-uid`,
  leaderLastSwitchTime: `${PREFIX}leader-last-switch-time`,
  reason: `${PREFIX}reason`,
  epoch: `${PREFIX}epoch`,
  podsRevision: `${PREFIX}pods-revision`,
  servicesRevision: `${PREFIX}services-revision`,
  lastNode: `${PREFIX}last-node`,
  lastZone: `${PREFIX}last-zone`,
  demotion: `${PREFIX}demotion`,
  verdicts: `${PREFIX}verdicts`,
  handoverFrom: `${PREFIX}handover-from`,
  // What has been announced stands on the leader Service, or on the slice when that Service is a
  // LoadBalancer.
  announcedEpoch: `${PREFIX}announced-epoch`,
  announcedLeaderPodUid: `${PREFIX}announced-leader-pod-uid`,
  leaderHistory: `${PREFIX}leader-history`,
  // what scale-down remembers, on the primary slice and on the leader Service
  scaleState: `${PREFIX}scale-state`,
  scaleRestore: `${PREFIX}scale-restore`,
} as const;

export const label = {
  managedBy: 'app.kubernetes.io/managed-by',
  sourceService: `${PREFIX}source-service`,
  /** `followers` on the followers Service; absent on a leader Service. */
  role: `${PREFIX}role`,
  /** Absent where the source has one election. */
  election: `${PREFIX}election`,
  /** On a slice; absent for the first slot. */
  slot: `${PREFIX}slot`,
  serviceName: 'kubernetes.io/service-name',
  sliceManagedBy: 'endpointslice.kubernetes.io/managed-by',
  endpointsManagedBy: 'endpoints.kubernetes.io/managed-by',
  zone: 'topology.kubernetes.io/zone',
} as const;

/** Value of `app.kubernetes.io/managed-by` on our Services. */
export const MANAGER = 'zen-lead';
/** Value of `endpointslice.kubernetes.io/managed-by` on our slices. */
export const SLICE_MANAGER = 'zen-lead.io';

export function isOurAnnotation(key: string): boolean {
  return key.startsWith(PREFIX) || electionOf(key) !== null;
}

/** What the rules read of the labels of a Service. */
export function isOurLabel(key: string): boolean {
  return key === label.managedBy || key.startsWith(PREFIX);
}

/** A DNS label is no longer. */
const MAX_ELECTION_LENGTH = 63;

/** Takes `writer.zen-lead.io/strategy` apart. Null for an annotation without an election. */
export function electionOf(key: string): { readonly election: string; readonly key: string } | null {
  const dot = key.indexOf('.');
  if (dot < 1 || dot > MAX_ELECTION_LENGTH || !key.startsWith(PREFIX, dot + 1)) return null;
  return { election: key.slice(0, dot), key: key.slice(dot + 1) };
}

const known: ReadonlySet<string> = new Set(Object.values(annotation));

/** False for a misspelt name. */
export function isKnownAnnotation(key: string): boolean {
  return known.has(key);
}
