/**
 * Parses what has arrived at a function, by its type. docs/reference/events.md.
 *
 * `ours` is one of our own replies that a Broker has brought back. It is answered 200 and ignored.
 */

import { inputError } from '../errors.ts';
import type { Envelope } from './envelope.ts';
import { type ForeignHint, isForeignType, parseForeign } from './foreign.ts';
import { isReconcileType, type ParsedReconcileEvent, parseReconcileEvent } from './parseReconcileEvent.ts';
import { parseVerdictEvent, VERDICT_TYPE, type VerdictEvent } from './verdictEvent.ts';

export type IncomingEvent =
  | ParsedReconcileEvent
  | ForeignHint
  | VerdictEvent
  | { readonly kind: 'ours'; readonly type: string };

export function parseEvent(envelope: Envelope): IncomingEvent {
  const { type } = envelope;
  if (isReconcileType(type)) return parseReconcileEvent(envelope);
  if (type === VERDICT_TYPE) return parseVerdictEvent(envelope);
  if (isForeignType(type)) return parseForeign(envelope);
  if (type.startsWith('io.zen-lead.leader.')) return { kind: 'ours', type };
  throw inputError(
    'type',
    'is none of io.zen-lead.pod.*, io.zen-lead.service.*, io.zen-lead.verdict.reported and dev.knative.apiserver.*',
  );
}
