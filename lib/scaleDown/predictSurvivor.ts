/**
 * predictSurvivor: says which pod its controller deletes last when the workload is scaled down.
 *
 * Of a Deployment that is the pod which the ReplicaSet controller sorts last. Of a StatefulSet it
 * is the lowest ordinal.
 *
 * Guarantees: pure. A pod is predicted only where it stands after every other one. So the result
 * does not depend on how the controller sorts, nor on the order in which it lists its pods.
 * Does not guarantee anything for a controller whose clock is further off than `window` allows.
 * Source: https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/controller/controller_utils.go
 * (ActivePodsWithRanks.Less, the same in v1.33.5 and v1.34.2) and
 * https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/controller/replicaset/replica_set.go
 * (getPodsToDelete); https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
 */

import type { WorkloadPod } from './workloadPod.ts';

/** Epoch milliseconds: when the controller may sort, by its own clock. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export type Prediction =
  | { readonly kind: 'survivor'; readonly pod: WorkloadPod }
  /** Two pods stand equal, or each after the other. Time alone changes nothing soon. */
  | { readonly kind: 'tie' }
  /** Another pod stands last at another instant of the window. */
  | { readonly kind: 'unstable' }
  | { readonly kind: 'none' };

/** `pods`: of one ReplicaSet. Those that are not active play no part. */
export function predictOfReplicaSet(pods: readonly WorkloadPod[], { from, to }: Window): Prediction {
  const active = pods.filter(({ isActive }) => isActive);
  if (active.length === 0) return { kind: 'none' };
  const doubled = countByNode(active);
  const [first, ...others] = instantsIn(active, from, to).map((now) => lastAt(active, doubled, now));
  if (first === null || first === undefined) return { kind: others.some((each) => each !== null) ? 'unstable' : 'tie' };
  return others.every((each) => each === first) ? { kind: 'survivor', pod: first } : { kind: 'unstable' };
}

/** `start`: `spec.ordinals.start`. Another pod than the first ordinal survives no scaling down. */
export function predictOfStatefulSet(pods: readonly WorkloadPod[], name: string, start: number): Prediction {
  const pod = pods.find((each) => each.isActive && each.name === `${name}-${start}`);
  return pod === undefined ? { kind: 'none' } : { kind: 'survivor', pod };
}

function countByNode(pods: readonly WorkloadPod[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { nodeName } of pods) counts.set(nodeName, (counts.get(nodeName) ?? 0) + 1);
  return counts;
}

/** The pod that comes after every other one. Null where none does. */
function lastAt(pods: readonly WorkloadPod[], doubled: ReadonlyMap<string, number>, now: number): WorkloadPod | null {
  const isBefore = (a: WorkloadPod, b: WorkloadPod): boolean => comesFirst(a, b, doubled, now);
  // A pod that comes after all others wins against each that it meets.
  const winner = pods.reduce((last, pod) => (isBefore(last, pod) ? pod : last));
  return pods.every((pod) => pod === winner || isBefore(pod, winner)) ? winner : null;
}

/** Each criterion decides where those before it leave the two equal. */
function comesFirst(a: WorkloadPod, b: WorkloadPod, doubled: ReadonlyMap<string, number>, now: number): boolean {
  const onNode = (pod: WorkloadPod): number => doubled.get(pod.nodeName) ?? 0;
  const order =
    rank(a.nodeName !== '') - rank(b.nodeName !== '') ||
    phaseRank(a) - phaseRank(b) ||
    rank(a.isReady) - rank(b.isReady) ||
    a.deletionCost - b.deletionCost ||
    onNode(b) - onNode(a);
  if (order !== 0) return order < 0;
  if (a.isReady && b.isReady && a.readyAt !== b.readyAt) return isYounger(a, b, a.readyAt, b.readyAt, now);
  const restarted = b.restarts - a.restarts || b.sidecarRestarts - a.sidecarRestarts;
  if (restarted !== 0) return restarted < 0;
  return a.createdAt !== b.createdAt && isYounger(a, b, a.createdAt, b.createdAt, now);
}

function rank(isLater: boolean): number {
  return isLater ? 1 : 0;
}

function phaseRank({ phase }: WorkloadPod): number {
  return phase === 'Running' ? 2 : phase === 'Unknown' ? 1 : 0;
}

/** Ages count by their power of two, and within one the uid decides. Null is the youngest. */
function isYounger(a: WorkloadPod, b: WorkloadPod, aAt: number | null, bAt: number | null, now: number): boolean {
  if (aAt === null || bAt === null) return aAt === null;
  const difference = logarithm(now - aAt) - logarithm(now - bAt);
  return difference === 0 ? a.uid < b.uid : difference < 0;
}

const NANOSECONDS = 1_000_000;

/** Of an age in nanoseconds, as Go's `time.Duration` has it. */
function logarithm(ageMs: number): number {
  return ageMs > 0 ? Math.floor(Math.log2(ageMs * NANOSECONDS)) : -1;
}

/** The least power of two that is looked at: half a second. Below it the window holds nothing. */
const LEAST_POWER = 29;
/** 146 years. */
const GREATEST_POWER = 62;

/** `from`, and each instant after it up to `to` at which the age of a pod passes a power of two. */
function instantsIn(pods: readonly WorkloadPod[], from: number, to: number): readonly number[] {
  const instants = new Set<number>([from, to]);
  for (const { readyAt, createdAt } of pods)
    for (const at of [readyAt, createdAt]) {
      if (at === null) continue;
      // The first powers pass at once.
      if (at >= from && at <= to) for (const after of [0, 1]) instants.add(at + after);
      for (let power = LEAST_POWER; power <= GREATEST_POWER; power += 1) {
        const passes = Math.ceil(at + 2 ** power / NANOSECONDS);
        if (passes > to) break;
        if (passes >= from) instants.add(passes);
      }
    }
  return [...instants].toSorted((a, b) => a - b);
}
