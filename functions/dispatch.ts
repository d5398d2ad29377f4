/**
 * dispatch: chooses the function for an event by its type.
 */

import type { IncomingEvent } from '../lib/events/parseEvent.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import type { VerdictEvent } from '../lib/events/verdictEvent.ts';
import { onPodEvent } from './onPodEvent.ts';
import { onServiceEvent } from './onServiceEvent.ts';
import type { Reconciler } from './reconcile/reconciler.ts';

/**
 * Replies, one for each Service that was reconciled; none for an event that concerns no Service.
 */
export async function dispatch(
  event: Exclude<IncomingEvent, VerdictEvent>,
  isTrusted: boolean,
  reconciler: Reconciler,
  signal: AbortSignal,
): Promise<readonly ReplyEvent[]> {
  if (event.kind === 'ours') return [];
  // of a kind that concerns no Service
  if (event.kind === 'foreign' && event.objectKind === null) return [];
  const isAboutPod = event.kind === 'foreign' ? event.objectKind === 'Pod' : event.type.startsWith('io.zen-lead.pod.');
  return isAboutPod
    ? onPodEvent(event, isTrusted, reconciler, signal)
    : onServiceEvent(event, isTrusted, reconciler, signal);
}
