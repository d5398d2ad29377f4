/**
 * Says which pods may take traffic, and for each other one why not. S2 and the precedence in
 * docs/reference/annotations.md#precedence.
 *
 * `fit` says that a pod can be routed to. `eligible` adds what a pod needs to be chosen
 * (min-ready-duration).
 */

import { resolvePorts } from './resolvePorts.ts';
import { parseBoolean, type Settings } from './settings.ts';
import type { Candidate, IpFamily, ServicePort, Uid } from './snapshot.ts';

/** Ordered from what takes a leader out at once to what a grace period may cover. */
export type Unfit =
  | 'terminating'
  | 'finished'
  | 'notSelected'
  | 'excluded'
  /** It led, did not work, and is to be ended (demotion.ts). */
  | 'demoted'
  /** It leads another election or slot of the source (elections/electionsOf.ts). */
  | 'taken'
  | 'withoutAddress'
  | 'notReady'
  | 'portUnresolved'
  /** A caller from outside says so (outsideVerdict.ts). The report alone stands against it. */
  | 'reported'
  /** It fails the health check that the source asks for. The check alone stands against it. */
  | 'unhealthy';

export interface FitnessRules {
  readonly primaryFamily: IpFamily;
  readonly ports: readonly ServicePort[];
  /** A pod without one of the named ports cannot be routed to (`ports-mode: strict`). */
  readonly requirePorts: boolean;
  readonly minReadyMs: number;
  /** A bridge runs the health check that the source asks for, so the verdicts count. */
  readonly isChecked: boolean;
  /** The pod that is to be ended. */
  readonly demoted?: Uid | undefined;
  /** The pods that are to be ended as leaders of siblings. */
  readonly barred?: ReadonlySet<Uid> | undefined;
  /** The pods that lead siblings and may not lead this election, too. */
  readonly taken?: ReadonlySet<Uid> | undefined;
  /** The pods that are reported unfit now. */
  readonly reported?: ReadonlySet<Uid> | undefined;
}

export function toFitnessRules(
  settings: Settings,
  ports: readonly ServicePort[],
  primaryFamily: IpFamily,
  observer?: string,
): FitnessRules {
  return {
    primaryFamily,
    ports,
    requirePorts: settings.portsMode === 'strict',
    minReadyMs: settings.minReadyMs,
    isChecked: settings.healthCheck !== null && observer !== undefined,
  };
}

/** Null when the pod is fit. */
export function whyUnfit(pod: Candidate, rules: FitnessRules): Unfit | null {
  if (pod.terminating) return 'terminating';
  if (isFinished(pod)) return 'finished';
  if (!pod.selected) return 'notSelected';
  if (isExcluded(pod)) return 'excluded';
  if (pod.uid === rules.demoted) return 'demoted';
  if (rules.barred?.has(pod.uid) === true) return 'demoted';
  if (rules.taken?.has(pod.uid) === true) return 'taken';
  if (addressOf(pod, rules.primaryFamily) === null) return 'withoutAddress';
  if (!pod.ready || pod.phase !== 'Running') return 'notReady';
  if (rules.requirePorts && resolvePorts(rules.ports, pod).missing.length > 0) return 'portUnresolved';
  if (rules.reported?.has(pod.uid) === true) return 'reported';
  if (rules.isChecked && pod.health?.verdict === 'failing') return 'unhealthy';
  return null;
}

/** As if neither a check nor a caller from outside said anything. */
export function readyAlone(rules: FitnessRules): FitnessRules {
  return { ...rules, isChecked: false, reported: undefined };
}

/** A pod that is checked is not chosen before its first verdict. */
export function isUnjudged(pod: Candidate, rules: FitnessRules): boolean {
  return rules.isChecked && pod.health === undefined;
}

/** Succeeded or Failed. Its IP may be another pod's by now. */
export function isFinished(pod: Candidate): boolean {
  return pod.phase === 'Succeeded' || pod.phase === 'Failed';
}

/** As zen-lead.io/exclude on the pod asks. */
export function isExcluded(pod: Candidate): boolean {
  return pod.exclude !== undefined && parseBoolean(pod.exclude) === true;
}

/**
 * When a fit pod becomes eligible, in epoch milliseconds. A pod whose kubelet never gave an instant
 * counts from its creation. Where a check is run, min-ready-duration counts from the pass, too.
 */
export function eligibleAt(pod: Candidate, rules: FitnessRules, now: number): number {
  const readyFrom = readyCountsFrom(pod, now);
  const from =
    rules.isChecked && pod.health?.verdict === 'passing' ? Math.max(readyFrom, judgedFrom(pod, now)) : readyFrom;
  return from + rules.minReadyMs;
}

/**
 * The instant since which a pod has had its verdict, in epoch milliseconds. An instant further
 * ahead than clocks may differ says nothing.
 */
export function judgedFrom({ health }: Candidate, now: number): number {
  const since = health?.since ?? Number.NEGATIVE_INFINITY;
  return since <= now + MAX_AHEAD_MS ? since : Number.NEGATIVE_INFINITY;
}

/**
 * How far the clocks of nodes, bridges and functions may differ. The grace of a pod that has just
 * stopped being Ready must not be lost to a second between two synchronized clocks.
 */
export const MAX_AHEAD_MS = 5_000;

/**
 * The instant from which min-ready-duration and failover-min-delay count, in epoch milliseconds. An
 * instant further ahead than clocks may differ comes from a wrong clock. It says nothing, and a
 * wait must not last until that clock is right.
 */
export function readyCountsFrom({ readyChangedAt, createdAt }: Candidate, now: number): number {
  const latest = now + MAX_AHEAD_MS;
  if (readyChangedAt !== undefined && readyChangedAt <= latest) return readyChangedAt;
  return createdAt <= latest ? createdAt : Number.NEGATIVE_INFINITY;
}

/** When the instants of a pod stop being too far ahead, in epoch milliseconds. */
export function credibleFrom({ readyChangedAt, createdAt }: Candidate): readonly number[] {
  return [readyChangedAt ?? createdAt, createdAt].map((at) => at - MAX_AHEAD_MS);
}

export function isEligible(pod: Candidate, rules: FitnessRules, now: number): boolean {
  if (whyUnfit(pod, rules) !== null || isUnjudged(pod, rules)) return false;
  return rules.minReadyMs === 0 || eligibleAt(pod, rules, now) <= now;
}

/** The pod's first IP of a family, or null. */
export function addressOf(pod: Candidate, family: IpFamily): string | null {
  return pod.ips.find((ip) => ip.includes(':') === (family === 'IPv6')) ?? null;
}
