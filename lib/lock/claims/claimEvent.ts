/**
 * ClaimEvent: what a bridge says about one lock and the claims to it. ClaimReply: what the function
 * answers.
 *
 * Level-triggered: no decision depends on the type or on the change, which are for people.
 */

import type { ClaimView } from './claim.ts';

export type ClaimVerb = 'added' | 'modified' | 'deleted' | 'resync' | 'recheck';

export interface ClaimEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: `io.zen-lead.manuallock.${ClaimVerb}`;
  readonly source: string;
  /** `namespaces/<namespace>/locks/<lock>` */
  readonly subject: string;
  readonly time: string;
  readonly partitionkey: string;
  readonly traceparent?: string;
  readonly data: ClaimEventData;
}

export interface ClaimEventData {
  readonly namespace: string;
  readonly lock: string;
  /** Epoch milliseconds. Past it the snapshot is a hint. */
  readonly deadline: number;
  /** The greatest token of the lock that the bridge has seen; absent for none. */
  readonly knownToken?: number;
  /** All claims to the lock; absent in a hint. */
  readonly snapshot?: readonly ClaimView[];
}

export interface ClaimReplyData {
  readonly decision: 'changed' | 'kept';
  readonly holder: string | null;
  readonly token: number;
  readonly waiting: number;
  readonly recheckAfterMs?: number;
}

export interface ClaimReply {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: `io.zen-lead.lock.${ClaimReplyData['decision']}`;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly data: ClaimReplyData;
}
