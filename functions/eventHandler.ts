/**
 * EventHandler: what one family of functions adds to the server, which knows requests, senders and
 * answers. reconcile/ has that of leaders, flows/ that of flows.
 */

import type { Envelope } from '../lib/events/envelope.ts';
import type { Sender } from './authenticate.ts';

/** What the server reads of a reply. */
export interface HandledReply {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  /** `snapshot`: state that was read, for a trusted sender alone. */
  readonly data: { readonly snapshot?: unknown };
}

export interface RequestContext {
  readonly sender: Sender;
  readonly authorization: string | undefined;
  /** Aborts when the caller has gone, or has waited for too long. */
  readonly signal: AbortSignal;
}

export interface EventHandler<Event = unknown> {
  /** Throws `INPUT_INVALID`. */
  parse(envelope: Envelope): Event;
  /** Replies, one for each source that was reconciled. */
  handle(event: Event, context: RequestContext): Promise<readonly HandledReply[]>;
  /** Answers the webhook of Alertmanager; absent where its path is one like any other. */
  handleAlerts?(body: Uint8Array, context: RequestContext): Promise<object>;
  /** Served under /schemas, by name. Called once. */
  readSchemas(): Promise<ReadonlyMap<string, string>>;
}
