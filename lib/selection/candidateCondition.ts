/**
 * Says by which condition of a pod a source judges it: Ready, or ContainersReady for a workload
 * whose readiness gate follows the lead. docs/reference/annotations.md#readiness-by-role
 */

import { annotation } from './names.ts';
import type { PodView } from './snapshot.ts';

export const candidateConditions = ['Ready', 'ContainersReady'] as const;
export type CandidateCondition = (typeof candidateConditions)[number];

/** Of a source's annotations. A value that cannot be read counts as Ready. */
export function conditionOf(annotations: Readonly<Record<string, string>> | undefined): CandidateCondition {
  return annotations?.[annotation.candidateCondition] === 'ContainersReady' ? 'ContainersReady' : 'Ready';
}

/** The condition's status, and when it last changed, in epoch milliseconds. */
export function readinessOf(
  pod: PodView,
  condition: CandidateCondition,
): Pick<PodView, 'ready'> & { readonly readyChangedAt?: number | undefined } {
  const { containers } = pod;
  if (condition === 'Ready' || containers === undefined)
    return { ready: pod.ready, readyChangedAt: pod.readyChangedAt };
  return { ready: containers.ready, readyChangedAt: containers.changedAt };
}
