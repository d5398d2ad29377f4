/**
 * onPodEvent: handles events about pods: `io.zen-lead.pod.*`, and Pods of a Knative
 * ApiServerSource.
 *
 * One reconcile decides, whatever happened to the pod. A lost, doubled or reordered event changes
 * nothing in the end.
 */

import type { ForeignHint } from '../lib/events/foreign.ts';
import type { ParsedReconcileEvent } from '../lib/events/parseReconcileEvent.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import { findConcernedByPod } from './reconcile/concerned.ts';
import type { Reconciler } from './reconcile/reconciler.ts';

export async function onPodEvent(
  event: ParsedReconcileEvent | ForeignHint,
  isTrusted: boolean,
  reconciler: Reconciler,
  signal: AbortSignal,
): Promise<readonly ReplyEvent[]> {
  if (event.kind === 'foreign') return reconciler.reconcileAround(event, findConcernedByPod, signal);
  return [await reconciler.reconcile(event, isTrusted, signal)];
}
