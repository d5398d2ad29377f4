/**
 * Declares one line of a recording, with an event, its answer, and what is needed to decide it
 * again. docs/reference/events.md#recordings.
 */

import type { Change, ReconcileEvent } from '../events/reconcileEvent.ts';
import type { ReplyData, ReplyEvent } from '../events/reply.ts';
import type { ServiceRef } from '../events/subject.ts';
import type { Snapshot } from '../selection/snapshot.ts';

/** What is written of every domain. `status` is 0 when no answer came. */
export interface Delivery {
  readonly event: { readonly partitionkey: string };
  readonly reply: object | null;
  readonly status: number;
  readonly sentAt: number;
}

export interface RecordedDelivery extends Delivery {
  readonly event: ReconcileEvent;
  readonly reply: ReplyEvent | null;
  readonly status: number;
  readonly sentAt: number;
}

/** What is read. */
export type RecordedLine =
  | RecordedReconcile
  /**
   * An event of another kind (a Knative source's, for instance). It names no single Service and
   * holds no state.
   */
  | { readonly kind: 'other'; readonly type: string };

export interface RecordedReconcile {
  readonly kind: 'reconcile';
  readonly service: ServiceRef;
  readonly type: string;
  readonly change: Change | null;
  /**
   * The instant to decide for. It is the `now` of the decision, else the time of sending, else the
   * time of the observation.
   */
  readonly at: number;
  /** Null for a bare event. */
  readonly status: number | null;
  /** What the decision depended on. Null when neither event nor reply holds it. */
  readonly snapshot: Snapshot | null;
  readonly basis: 'event' | 'read' | null;
  readonly recorded: ReplyData | null;
  /** The event as it was, to be sent again. Null for a line that is a bare announcement. */
  readonly event: Readonly<Record<string, unknown>> | null;
}

export function toLine({ event, reply, status, sentAt }: Delivery): string {
  return `${JSON.stringify({ event, reply, status, sentAt })}\n`;
}
