/**
 * onServiceEvent: handles events about Services and the objects that we own:
 * `io.zen-lead.service.*` (changes, drift, resync, recheck), and Services and EndpointSlices of a
 * Knative ApiServerSource.
 */

import type { ForeignHint } from '../lib/events/foreign.ts';
import type { ParsedReconcileEvent } from '../lib/events/parseReconcileEvent.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import { findConcernedByService } from './reconcile/concerned.ts';
import type { Reconciler } from './reconcile/reconciler.ts';

export async function onServiceEvent(
  event: ParsedReconcileEvent | ForeignHint,
  isTrusted: boolean,
  reconciler: Reconciler,
  signal: AbortSignal,
): Promise<readonly ReplyEvent[]> {
  if (event.kind === 'foreign') return reconciler.reconcileAround(event, findConcernedByService, signal);
  return [await reconciler.reconcile(event, isTrusted, signal)];
}
