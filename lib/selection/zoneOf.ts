/**
 * zoneOf: says in which zone a pod runs. Kubernetes copies the label of the node to the pod from
 * 1.35 on. Before that a bridge that watches nodes says it.
 *
 * Guarantees: pure. The label of the pod wins.
 */

import type { Candidate } from './snapshot.ts';

export function zoneOf({ zone, node }: Candidate): string | undefined {
  return zone ?? node?.zone;
}
