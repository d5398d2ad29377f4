/**
 * Collects everything that `zen-lead explain` knows about one Service at one instant, as plain
 * data. The text, `-o json`, `-o yaml` and `replay --step` all come from it.
 *
 * Pure. Guarantees: the functions that decide in a cluster decide here.
 */

import { type StatusChange, toStatusHistory } from '../../api/leaderHistory.ts';
import { toHandover } from '../../api/leaderStatus.ts';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { assess } from '../../lib/selection/assess.ts';
import type { DecisionKind, Leader, Reason, Warning } from '../../lib/selection/decision.ts';
import { describeWrite } from '../../lib/selection/describeWrite.ts';
import { type ElectionRef, isSameElection } from '../../lib/selection/elections/electionSettings.ts';
import { electionSuffix } from '../../lib/selection/elections/electionSuffix.ts';
import { viewsOf } from '../../lib/selection/elections/electionsOf.ts';
import { explain, type PodStanding } from '../../lib/selection/explain.ts';
import { annotation } from '../../lib/selection/names.ts';
import { reasonText } from '../../lib/selection/reasonText.ts';
import { readRecord } from '../../lib/selection/record.ts';
import { scaleText } from '../../lib/selection/scaleText.ts';
import { parseSettings } from '../../lib/selection/settings.ts';
import { type Health, type NodeState, type Omitted, type Snapshot, serviceKey } from '../../lib/selection/snapshot.ts';
import { type ExplainedCheck, toExplainedCheck, toExplainedRoleCheck } from './describeCheck.ts';
import { readAnnotations } from './readAnnotations.ts';
import { unfitText } from './unfitText.ts';

export interface ExplainDocument {
  readonly service: string;
  /** Which election of the Service, and of how many. Absent where it has one. */
  readonly election?: ExplainedElection;
  /** Null without one, as for a Service that is not annotated. */
  readonly leaderService: string | null;
  /** RFC 3339: the instant that is explained. */
  readonly at: string;
  readonly decision: DecisionKind;
  readonly reason: Reason;
  readonly because: string;
  readonly leader: Leader | null;
  readonly previous: Leader | null;
  /** The pod that is routed to beside the leader, and until when (RFC 3339). Absent without one. */
  readonly handover?: { readonly from: string; readonly until: string };
  readonly epoch: number;
  /** When the recorded leader was elected, RFC 3339; null where no record says. */
  readonly lastSwitchAt: string | null;
  /** The last ten changes that were announced, the newest first. */
  readonly history: readonly StatusChange[];
  readonly pods: readonly ExplainedPod[];
  /** How many pods a compact snapshot leaves out, by standing. Absent where it has all. */
  readonly omittedPods?: Omitted;
  /** Null where the Service asks for none, for one that cannot be read, or also for roles. */
  readonly healthCheck: ExplainedCheck | null;
  /** Null where the Service does not ask for roles, or not so that it can be read. */
  readonly roleCheck: ExplainedCheck | null;
  /** What scale-down does, and why not. Absent where the Service has nothing to do with it. */
  readonly scaleDown?: string;
  readonly annotations: readonly ExplainedAnnotation[];
  /** When time alone may change the decision, RFC 3339; null where only an event can. */
  readonly nextLookAt: string | null;
  readonly warnings: readonly Warning[];
  /** What is written because of this decision; empty when everything is as it should be. */
  readonly writes: readonly string[];
}

export interface ExplainedElection extends ElectionRef {
  /** The others, as the command takes them. */
  readonly others: readonly string[];
}

export interface ExplainedPod {
  readonly name: string;
  readonly standing: PodStanding['standing']['kind'];
  /** A phrase behind the pod's name. */
  readonly because: string;
  readonly node: string | null;
  readonly zone: string | null;
  /** What the health check says of it; null where no verdict is known. */
  readonly health: Health | null;
  /** What callers from outside say of it now. */
  readonly reports: readonly ExplainedReport[];
  /** What the bridge says of its node; null where it says nothing. */
  readonly nodeState: NodeState | null;
  /** It takes over when the leader goes at this instant. */
  readonly isNext: boolean;
}

export interface ExplainedReport {
  readonly fit: boolean;
  readonly by: string;
  readonly reason: string;
  /** RFC 3339. */
  readonly until: string;
}

export interface ExplainedAnnotation {
  readonly annotation: string;
  readonly value: string;
  /** What the rules go by, in words; null for an annotation that they do not know. */
  readonly readAs: string | null;
  /** What would be accepted; null when the value can be read. */
  readonly accepts: string | null;
}

/** `view`: of one election, where the Service has several; else the snapshot itself. */
export function toExplainDocument(whole: Snapshot, now: number, view?: Snapshot): ExplainDocument {
  const views = viewsOf(whole);
  const snapshot = view ?? views[0];
  const { decision, writes, pods, nextLookAt } = explain(snapshot, now);
  const record = readRecord(snapshot);
  const next = successorOf(snapshot, decision.leader, now);
  const asks = snapshot.source?.annotations[annotation.scaleDown] !== undefined;
  const scaleDown = scaleText(record.scale, asks);
  const { healthCheck, roleCheck } = parseSettings(snapshot.source?.annotations ?? {}).settings;
  return {
    service: serviceKey(snapshot.namespace, snapshot.name),
    ...(snapshot.election !== undefined && { election: toExplainedElection(snapshot, snapshot.election, views) }),
    leaderService: decision.plan?.leaderServiceName ?? record.leaderServiceName,
    at: formatRfc3339(now),
    decision: decision.kind,
    reason: decision.reason,
    because: reasonText[decision.reason],
    leader: decision.leader,
    previous: decision.previous,
    ...toHandover(decision.plan?.overlap),
    epoch: decision.epoch,
    lastSwitchAt: record.lastSwitchAt === undefined ? null : formatRfc3339(record.lastSwitchAt),
    history: toStatusHistory(record, snapshot.election?.slot),
    pods: pods.map((pod) => toExplainedPod(pod, next)),
    ...(snapshot.omitted !== undefined && { omittedPods: snapshot.omitted }),
    healthCheck: healthCheck === null ? null : toExplainedCheck(healthCheck, snapshot),
    roleCheck: roleCheck === null ? null : toExplainedRoleCheck(roleCheck, snapshot),
    ...(scaleDown !== undefined && { scaleDown }),
    annotations: readAnnotations(snapshot.source?.annotations ?? {}, snapshot.election?.keys),
    nextLookAt: nextLookAt === null ? null : formatRfc3339(nextLookAt),
    warnings: decision.warnings,
    writes: writes.map(describeWrite),
  };
}

function toExplainedElection(
  { namespace, name }: Snapshot,
  { election, slot }: ElectionRef,
  views: readonly Snapshot[],
): ExplainedElection {
  const others = views.flatMap(({ election: of }) =>
    of === undefined || isSameElection(of, { election, slot }) ? [] : [`${namespace}/${name}${electionSuffix(of)}`],
  );
  return { election, slot, others };
}

/** Asks the rules which pod would lead if the leader's were gone. */
export function successorOf(snapshot: Snapshot, leader: Leader | null, now: number): Leader | null {
  if (leader === null) return null;
  const candidates = snapshot.candidates.filter((pod) => pod.uid !== leader.uid);
  return assess({ ...snapshot, candidates }, now).decision.leader;
}

function toExplainedPod({ pod, standing, keptAlthough, reports }: PodStanding, next: Leader | null): ExplainedPod {
  return {
    name: pod.name,
    standing: standing.kind,
    because: describeStanding(standing, keptAlthough),
    health: pod.health ?? null,
    reports: reports.map(({ fit, by, reason, until }) => ({ fit, by, reason, until: formatRfc3339(until) })),
    nodeState: pod.node ?? null,
    node: pod.nodeName ?? null,
    zone: pod.zone ?? null,
    isNext: pod.uid === next?.uid,
  };
}

function describeStanding(standing: PodStanding['standing'], keptAlthough: PodStanding['keptAlthough']): string {
  switch (standing.kind) {
    case 'leader':
      return keptAlthough === null ? 'leads' : `leads, although it ${unfitText[keptAlthough]}`;
    case 'eligible':
      return 'could lead';
    case 'waiting':
      return `could lead from ${formatRfc3339(standing.eligibleAt)}, by min-ready-duration`;
    case 'unjudged':
      return 'could lead once it passes its health check, which has no verdict on it yet';
    case 'notPrimary':
      return 'leads once it says that it is the primary';
    case 'unfit':
      return unfitText[standing.why];
  }
}
