/**
 * LockState: everything that one decision about a lock depends on, as its Lease holds it.
 *
 * All instants are epoch milliseconds of the replica that wrote them. Durations are whole seconds
 * in the Lease and milliseconds here.
 */

/** Who has the lock. Its id is that of the request that got it. */
export interface Grant {
  /** Empty where another program has taken the Lease. */
  readonly id: string;
  readonly holder: string;
  readonly token: number;
  readonly ttlMs: number;
  /** How long the lock stays closed after this grant has expired. A release ends it at once. */
  readonly lockDelayMs: number;
  readonly acquiredAt: number;
  readonly renewedAt: number;
}

/** Who waits, and what the grant will be. */
export interface Waiter {
  readonly id: string;
  readonly holder: string;
  /** A waiter that has not asked again by then loses its place. */
  readonly expiresAt: number;
  readonly ttlMs: number;
  readonly lockDelayMs: number;
}

export interface LockState {
  /** False while no Lease holds this state. */
  readonly exists: boolean;
  /** The greatest token known to have been granted; 0 where none is known. */
  readonly token: number;
  readonly grant: Grant | null;
  /** In the order in which they came. At most `MAX_QUEUE`. */
  readonly queue: readonly Waiter[];
}

/** 64 waiters with the longest names take 40 KiB of the 256 KiB that annotations may have. */
export const MAX_QUEUE = 64;

/** The lock of a Lease that is not there. `token`: the greatest one remembered; 0 for none. */
export function absentLock(token = 0): LockState {
  return { exists: false, token, grant: null, queue: [] };
}

/** When a granter may take a grant for expired, by its own clock. */
export function expiresAt({ renewedAt, ttlMs, lockDelayMs }: Grant, maxSkewMs: number): number {
  return renewedAt + ttlMs + maxSkewMs + lockDelayMs;
}

/** What holds the lock at this instant; null where it is free. */
export function currentGrant({ grant }: LockState, now: number, maxSkewMs: number): Grant | null {
  return grant !== null && now < expiresAt(grant, maxSkewMs) ? grant : null;
}

/**
 * How long the client may rely on a grant, counted from before it sent the request that waited for
 * `waitedMs`. Never longer than what the Lease says, whichever replica wrote it.
 */
export function validForMs({ renewedAt, ttlMs }: Grant, now: number, waitedMs: number): number {
  const remainingMs = Math.min(ttlMs, ttlMs - (now - renewedAt));
  return Math.max(0, Math.floor(waitedMs + remainingMs));
}
