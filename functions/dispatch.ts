/**
 * dispatch: the function for an event, by its type. Called by `app` for `POST /`, and by the sink of `zen-lead run`.
 */

import type { IncomingEvent } from '../lib/events/parseEvent.ts';
import type { ReplyEvent } from '../lib/events/reply.ts';
import { onPodEvent } from './onPodEvent.ts';
import { onServiceEvent } from './onServiceEvent.ts';
import type { Reconciler } from './reconcile/reconciler.ts';

/** The replies, one a Service that was looked at; none for an event that concerns nobody. */
export async function dispatch(
  event: IncomingEvent,
  isTrusted: boolean,
  reconciler: Reconciler,
  signal: AbortSignal,
): Promise<readonly ReplyEvent[]> {
  if (event.kind === 'ours') return [];
  if (event.kind === 'foreign' && event.objectKind === null) return []; // of a kind that concerns nobody
  const isAboutPod = event.kind === 'foreign' ? event.objectKind === 'Pod' : event.type.startsWith('io.zen-lead.pod.');
  return isAboutPod
    ? onPodEvent(event, isTrusted, reconciler, signal)
    : onServiceEvent(event, isTrusted, reconciler, signal);
}
