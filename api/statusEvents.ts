/**
 * Names what /v1/events sends. The server and the live page share these types.
 */

import type { LeaderStatus } from './leaderStatus.ts';

export interface StatusEvents {
  readonly leader: LeaderStatus;
  readonly removed: { readonly namespace: string; readonly service: string };
  readonly state: { readonly ready: boolean; readonly reasons: readonly string[] };
}
