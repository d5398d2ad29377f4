/**
 * Names what /v1/events sends. The server and the live page share these types.
 */

import type { LeaderStatus } from './leaderStatus.ts';
import type { LockStatus } from './locks/lockSchemas.ts';

export interface StatusEvents {
  readonly leader: LeaderStatus;
  readonly removed: { readonly namespace: string; readonly service: string };
  /**
   * Where this process keeps locks: those that are held or waited for, the longest queues first.
   */
  readonly locks: readonly LockStatus[];
  readonly state: { readonly ready: boolean; readonly reasons: readonly string[] };
}
