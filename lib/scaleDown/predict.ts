/**
 * predict: says which pod survives when a workload is scaled down within the next seconds.
 * isCredible: says which instants are to be believed.
 * isSurelyBefore: says which object was there before zen-lead wrote something.
 */

import type { Uid } from '../selection/snapshot.ts';
import { type Prediction, predictOfReplicaSet, predictOfStatefulSet } from './predictSurvivor.ts';
import type { FoundWorkload } from './scaleInput.ts';
import type { WorkloadPod } from './workloadPod.ts';

/** How far clocks may differ. */
const MAX_AHEAD_MS = 5_000;
/** The controller sorts within a second of the write. A busy one takes longer. */
const SORTS_WITHIN_MS = 15_000;
/** An HPA looks every 15 s, after its stabilization window. */
const HPA_SORTS_WITHIN_MS = 120_000;

/** `leader`: one of the pods. */
export function predict(
  live: FoundWorkload,
  pods: readonly WorkloadPod[],
  leader: Uid,
  now: number,
  isByHpa: boolean,
): Prediction {
  if (live.of === 'StatefulSet') return predictOfStatefulSet(pods, live.name, live.firstOrdinal);
  const to = now + (isByHpa ? HPA_SORTS_WITHIN_MS : SORTS_WITHIN_MS);
  return predictOfReplicaSet(ofOneOwner(pods, leader), { from: now - MAX_AHEAD_MS, to });
}

/** The ReplicaSet controller sorts the pods of one ReplicaSet. */
function ofOneOwner(pods: readonly WorkloadPod[], uid: Uid): readonly WorkloadPod[] {
  const owner = pods.find((pod) => pod.uid === uid)?.owner?.uid;
  return pods.filter((pod) => pod.owner?.uid === owner);
}

/** An instant further ahead than clocks may differ comes from a wrong clock. */
export function isCredible(at: number, now: number): boolean {
  return at <= now + MAX_AHEAD_MS;
}

/** An object says when it was created in whole seconds, rounded down. */
const ROUNDED_BY_MS = 1_000;

/** `createdAt`: by the clock of the API server. `at`: by that of a function. */
export function isSurelyBefore(createdAt: number, at: number): boolean {
  return createdAt + ROUNDED_BY_MS + MAX_AHEAD_MS <= at;
}
