/**
 * Declares the event that a function answers with and announces. It says what was decided.
 * docs/reference/events.md.
 */

import type { CloudEventV1 } from 'cloudevents';
import type { Decision, DecisionKind, Leader, Reason } from '../selection/decision.ts';
import type { ElectionRef } from '../selection/elections/electionSettings.ts';
import type { SentSnapshot, Uid } from '../selection/snapshot.ts';

export const replyTypes = [
  'io.zen-lead.leader.elected',
  'io.zen-lead.leader.kept',
  'io.zen-lead.leader.lost',
  'io.zen-lead.leader.refused',
] as const;
export type ReplyType = (typeof replyTypes)[number];

/** What was decided about one election among several. */
export interface ElectionReply {
  readonly election: string;
  readonly slot: number;
  readonly decision: DecisionKind;
  readonly reason: Reason;
  readonly previous: Leader | null;
  readonly leader: Leader | null;
  readonly epoch: number;
}

export function toElectionReply({ election, slot }: ElectionRef, decided: Decision): ElectionReply {
  const { kind: decision, reason, previous, leader, epoch } = decided;
  return { election, slot, decision, reason, previous, leader, epoch };
}

export interface ReplyData {
  readonly decision: DecisionKind;
  readonly reason: Reason;
  readonly previous: Leader | null;
  readonly leader: Leader | null;
  readonly epoch: number;
  /**
   * `event` when the snapshot in the event was decided on, `read` when the function read the state.
   */
  readonly basis: 'event' | 'read';
  /**
   * The state read, when basis is `read`. So a recording always holds what the decision depended
   * on.
   */
  readonly snapshot?: SentSnapshot;
  /**
   * Of a Service with several elections, or a pool, each one in the order in which they were
   * decided. The fields above are those of the one in the subject, else of the first.
   */
  readonly elections?: readonly ElectionReply[];
  /** Reconcile again in this many milliseconds, at most 1 h. */
  readonly recheckAfterMs?: number;
  readonly carry?: string;
  /** The deleted Service of `data.gone` whose end has been announced, or needs no announcement. */
  readonly goneAnnounced?: Uid;
}

export interface ReplyEvent extends CloudEventV1<ReplyData> {
  readonly specversion: '1.0';
  /**
   * `<source uid>/<epoch>/<type>/<reason>`; a reply has `/<hash>` after it. Of one election among
   * several, `<election>/<slot>` follows the uid.
   */
  readonly id: string;
  readonly type: ReplyType;
  readonly source: string;
  readonly subject: string;
  /** The `now` of the decision, RFC 3339 with milliseconds. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: ReplyData;
}
