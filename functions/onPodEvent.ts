/**
 * onPodEvent: the function for events about pods: `io.zen-lead.pod.*`, and Pods of a Knative ApiServerSource. Called by `dispatch`.
 *
 * One look decides, whatever happened to the pod: a lost, doubled or reordered event changes nothing in the end.
 */

import type { ForeignHint } from '../lib/events/foreign.ts';
import type { Look } from '../lib/events/parseReconcileEvent.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import { findConcernedByPod } from './reconcile/concerned.ts';
import type { Looks } from './reconcile/reconciler.ts';

export async function onPodEvent(
  event: Look | ForeignHint,
  isTrusted: boolean,
  looks: Looks,
  signal: AbortSignal,
): Promise<readonly ReplyEvent[]> {
  if (event.kind === 'foreign') return looks.lookAround(event, findConcernedByPod, signal);
  return [await looks.lookAt(event, isTrusted, signal)];
}
