/**
 * Says whether a snapshot may decide (Z5).
 *
 * Guarantees: what a watch shows of flow or Jobs decides only where it is no older than what the
 * record was last decided on. State that was read consistently always decides: a restored etcd
 * heals by that.
 */

import type { FlowSnapshot } from '../state/snapshot.ts';

export function isFresh({ record, revisions, basis }: FlowSnapshot): boolean {
  if (basis === 'read') return true;
  const decided = record?.record ?? null;
  if (decided === null || decided === 'unreadable') return true;
  return isNotOlder(revisions.flows, decided.flowRevision) && isNotOlder(revisions.jobs, decided.jobsRevision);
}

/** Of one resource each; numbers, since Kubernetes 1.35 (KEP-5504). Other texts are never fresh. */
function isNotOlder(revision: string, than: string): boolean {
  if (than === '') return true;
  if (!/^\d{1,20}$/.test(revision) || !/^\d{1,20}$/.test(than)) return false;
  return BigInt(revision) >= BigInt(than);
}
