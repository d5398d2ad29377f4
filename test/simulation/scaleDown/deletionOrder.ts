/**
 * inDeletionOrder: sorts the pods of a ReplicaSet as its controller does when it scales down.
 *
 * It is written after Kubernetes and not after lib/scaleDown/predictSurvivor.ts, because it judges
 * that one.
 * Source: https://github.com/kubernetes/kubernetes/blob/v1.35.4/pkg/controller/controller_utils.go
 * (ActivePodsWithRanks.Less, logarithmicRankDiff)
 */

import { annotationOf, type KubeObject, nodeNameOf } from '../kubeObject.ts';

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string; lastTransitionTime: string }[];
  readonly containerStatuses?: readonly { readonly restartCount: number }[];
}

export const statusOf = (pod: KubeObject): PodStatus => (pod['status'] ?? {}) as PodStatus;

export function isActive(pod: KubeObject): boolean {
  const { phase } = statusOf(pod);
  return phase !== 'Succeeded' && phase !== 'Failed' && pod.metadata.deletionTimestamp === undefined;
}

/** Since when it is Ready, epoch milliseconds. Null where it is not. */
export function readySince(pod: KubeObject): number | null {
  const ready = statusOf(pod).conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' ? Date.parse(ready.lastTransitionTime) : null;
}

export const restartsOf = (pod: KubeObject): number =>
  Math.max(0, ...(statusOf(pod).containerStatuses ?? []).map(({ restartCount }) => restartCount));

const phases = ['Pending', 'Unknown', 'Running'];
/** What is no number counts as 0. */
const costOf = (pod: KubeObject): number => Number(annotationOf(pod, DELETION_COST) ?? 0) || 0;
export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

/** The first of them is deleted first. `related`: those of all ReplicaSets of the Deployment. */
export function inDeletionOrder(
  pods: readonly KubeObject[],
  related: readonly KubeObject[],
  now: number,
): readonly KubeObject[] {
  const ranks = new Map(
    pods.map((pod) => [pod, related.filter((each) => nodeNameOf(each) === nodeNameOf(pod)).length]),
  );

  function compare(a: KubeObject, b: KubeObject): number {
    const [aReady, bReady] = [readySince(a), readySince(b)];
    const before =
      phases.indexOf(statusOf(a).phase ?? '') - phases.indexOf(statusOf(b).phase ?? '') ||
      Number(aReady !== null) - Number(bReady !== null) ||
      costOf(a) - costOf(b) ||
      (ranks.get(b) ?? 0) - (ranks.get(a) ?? 0);
    if (before !== 0) return before;
    if (aReady !== null && bReady !== null && aReady !== bReady) return byAge(a, b, aReady, bReady);
    const restarted = restartsOf(b) - restartsOf(a);
    if (restarted !== 0) return restarted;
    const [aMade, bMade] = [Date.parse(a.metadata.creationTimestamp), Date.parse(b.metadata.creationTimestamp)];
    return aMade === bMade ? 0 : byAge(a, b, aMade, bMade);
  }

  function byAge(a: KubeObject, b: KubeObject, aAt: number, bAt: number): number {
    return powerOf(now - aAt) - powerOf(now - bAt) || (a.metadata.uid < b.metadata.uid ? -1 : 1);
  }
  return pods.toSorted(compare);
}

/** Of two, of an age in nanoseconds. */
function powerOf(ageMs: number): number {
  return ageMs <= 0 ? -1 : Math.trunc(Math.log2(ageMs * 1e6));
}
