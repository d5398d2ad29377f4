/**
 * Parses one line of a recording.
 *
 * Guarantees: the inverse of `toLine`, as far as replay goes. INPUT_INVALID (or another INPUT_
 * code) names the path in the line.
 */

import { inputError, ZenLeadError } from '../errors.ts';
import { isForeignType } from '../events/foreign.ts';
import { isReconcileType, parseReconcileEvent } from '../events/parseReconcileEvent.ts';
import { parseReply } from '../events/parseReply.ts';
import type { ReplyEvent } from '../events/reply.ts';
import { parseSubject } from '../events/subject.ts';
import { type JsonObject, readLineFields, timeOf, toEnvelope, within } from './lineFields.ts';
import type { RecordedLine } from './recordedLine.ts';

/** `text` without its line end. */
export function parseLine(text: string): RecordedLine {
  const { event, reply, status, sentAt, isBare } = readLineFields(text);
  if (isBare) return parseBareEvent(event);
  const answer = reply === null ? null : within('reply', () => parseReply(toEnvelope(reply)));
  return within('event', () => parseEventLine(event, answer, status, sentAt));
}

/** Parses an event without its answer, or one of our own replies as a Broker delivers it. */
function parseBareEvent(event: JsonObject): RecordedLine {
  const { type } = event;
  if (typeof type !== 'string' || !type.startsWith('io.zen-lead.leader.')) {
    return parseEventLine(event, null, null, null);
  }
  const reply = parseReply(toEnvelope(event));
  const { snapshot = null } = reply.data;
  return {
    kind: 'reconcile',
    service: parseSubject(reply.subject),
    type,
    change: null,
    at: timeOf(reply),
    status: null,
    snapshot,
    basis: snapshot === null ? null : 'read',
    recorded: reply.data,
    event: null,
  };
}

function parseEventLine(
  event: JsonObject,
  reply: ReplyEvent | null,
  status: number | null,
  sentAt: number | null,
): RecordedLine {
  const envelope = toEnvelope(event);
  const { type } = envelope;
  if (isForeignType(type)) return { kind: 'other', type };
  if (!isReconcileType(type)) throw inputError('type', `${JSON.stringify(type)} is not an event of zen-lead`);
  const { subject, observedAt, data } = parseReconcileEvent(envelope);
  const at = reply === null ? (sentAt ?? observedAt) : timeOf(reply);
  if (at === undefined) throw inputError('time', 'is missing, and so is everything else that says when it was decided');
  const isRead = reply?.data.basis === 'read';
  // Only what the decision depended on has to be readable. After a read that is the reply's
  // snapshot.
  if (!isRead && data.kind === 'unreadable') throw new ZenLeadError('INPUT_INVALID', data.problem, { retry: 'never' });
  const sent = data.kind === 'readable' ? data.value : null;
  const snapshot = (isRead ? reply.data.snapshot : sent?.snapshot) ?? null;
  return {
    kind: 'reconcile',
    service: subject,
    type,
    change: sent?.change ?? null,
    at,
    status,
    snapshot,
    basis: snapshot === null ? null : isRead ? 'read' : 'event',
    recorded: reply?.data ?? null,
    event,
  };
}
