/**
 * Names what a lock consists of in the cluster: one Lease, its label and its annotations.
 * docs/reference/locks.md#the-lease
 */

const PREFIX = 'zen-lead.io/';

/** A Lease of a lock has this before the lock's name, so that no other Lease is taken for one. */
export const LEASE_PREFIX = 'zenlock-';

export const lockLabel = `${PREFIX}lock`;

export const lockAnnotation = {
  fencingToken: `${PREFIX}fencing-token`,
  grantId: `${PREFIX}grant-id`,
  queue: `${PREFIX}queue`,
  lockDelay: `${PREFIX}lock-delay-seconds`,
} as const;

export function toLeaseName(lock: string): string {
  return `${LEASE_PREFIX}${lock}`;
}

/** Null for a Lease that has another form of name. */
export function toLockName(lease: string): string | null {
  return lease.startsWith(LEASE_PREFIX) ? lease.slice(LEASE_PREFIX.length) : null;
}
