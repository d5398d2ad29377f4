/**
 * onServiceEvent: the function for events about Services and what we own: `io.zen-lead.service.*` (changes, drift, resync, recheck),
 * and Services and EndpointSlices of a Knative ApiServerSource. Called by `dispatch`.
 */

import type { ForeignHint } from '../lib/events/foreign.ts';
import type { Look } from '../lib/events/parseReconcileEvent.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import { findConcernedByService } from './reconcile/concerned.ts';
import type { Looks } from './reconcile/reconciler.ts';

export async function onServiceEvent(
  event: Look | ForeignHint,
  isTrusted: boolean,
  looks: Looks,
  signal: AbortSignal,
): Promise<readonly ReplyEvent[]> {
  if (event.kind === 'foreign') return looks.lookAround(event, findConcernedByService, signal);
  return [await looks.lookAt(event, isTrusted, signal)];
}
