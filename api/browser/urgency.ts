/**
 * Says which Services of the live page need attention, and in which order their cards stand.
 */

import type { LeaderStatus } from '../leaderStatus.ts';

export function keyOf({ namespace, service }: Pick<LeaderStatus, 'namespace' | 'service'>): string {
  return `${namespace}/${service}`;
}

/** The Service routes to no pod, or will not. */
export function isTrouble({ leader, decision }: LeaderStatus): boolean {
  return leader === null || leader.address === null || decision === 'refused';
}

/** As people count: svc-2 comes before svc-10. */
const names = new Intl.Collator('en', { numeric: true });

/** Trouble first, then by name. */
export function byUrgency(a: LeaderStatus, b: LeaderStatus): number {
  return urgencyOf(b) - urgencyOf(a) || names.compare(a.namespace, b.namespace) || names.compare(a.service, b.service);
}

/** 0: nothing to do. 1: something to read. 2: no pod is routed to. */
export function urgencyOf(status: LeaderStatus): 0 | 1 | 2 {
  if (isTrouble(status)) return 2;
  return status.warnings.length > 0 || status.paused ? 1 : 0;
}
