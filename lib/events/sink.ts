/**
 * Declares where the bridge hands an event over, and what comes back. There are two
 * implementations: an HTTP POST and the functions in the same process (`zen-lead run`). It stands
 * here because bridge and functions never import each other.
 */

import type { ReconcileEvent } from './reconcileEvent.ts';
import type { ReplyEvent } from './reply.ts';

/**
 * What a refusal is about. `service`: the API server refused a call about one Service. `function`:
 * neither the function nor the API server can do more for any Service.
 */
export type AnswerScope = 'service' | 'function';

export interface SinkAnswer<R = ReplyEvent> {
  /** HTTP status of the answer table in docs/reference/events.md#answers. */
  readonly status: number;
  readonly reply?: R;
  /** With 429 and 503. */
  readonly retryAfterMs?: number;
  /** With 429 and 503; absent where the sink does not say. */
  readonly scope?: AnswerScope;
  /** The error's message, when there is one. */
  readonly detail?: string;
}

/** Rejects with a ZenLeadError (`SINK_UNAVAILABLE`, `ABORTED`) when no answer came. */
export type Sink<E = ReconcileEvent, R = ReplyEvent> = (event: E, signal: AbortSignal) => Promise<SinkAnswer<R>>;
