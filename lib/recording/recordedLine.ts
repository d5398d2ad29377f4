/**
 * One line of a recording: an event, what was answered, and what is needed to decide it again.
 * docs/reference/events.md#recordings.
 */

import type { Change, ReconcileEvent } from '../events/reconcileEvent.ts';
import type { ReplyData, ReplyEvent } from '../events/reply.ts';
import type { ServiceRef } from '../events/subject.ts';
import type { Snapshot } from '../selection/snapshot.ts';

/** What is written. `status` 0: there was no answer. */
export interface RecordedDelivery {
  readonly event: ReconcileEvent;
  readonly reply: ReplyEvent | null;
  readonly status: number;
  readonly sentAt: number;
}

/** What is read. */
export type RecordedLine =
  | RecordedReconcile
  /**
   * An event of another kind (a Knative source's, for instance): it names no single Service and
   * holds no state.
   */
  | { readonly kind: 'other'; readonly type: string };

export interface RecordedReconcile {
  readonly kind: 'reconcile';
  readonly service: ServiceRef;
  readonly type: string;
  readonly change: Change | null;
  /**
   * The instant to decide for: the one that was decided with, else when it was sent, else when it
   * was observed.
   */
  readonly at: number;
  /** Null for a bare event. */
  readonly status: number | null;
  /** What the decision depended on; null when neither event nor reply holds it. */
  readonly snapshot: Snapshot | null;
  readonly basis: 'event' | 'read' | null;
  readonly recorded: ReplyData | null;
  /** The event as it was, to be sent again; null for a line that is a bare announcement. */
  readonly event: Readonly<Record<string, unknown>> | null;
}

export function toLine({ event, reply, status, sentAt }: RecordedDelivery): string {
  return `${JSON.stringify({ event, reply, status, sentAt })}\n`;
}
