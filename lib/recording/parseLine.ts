/**
 * Parses one line of a recording.
 *
 * Guarantees: the inverse of `toLine`, as far as replay goes. INPUT_INVALID (or another INPUT_
 * code) names the path in the line.
 */

import { inputError, ZenLeadError } from '../errors.ts';
import { parseAttributes } from '../events/attributes.ts';
import type { Envelope } from '../events/envelope.ts';
import { isForeignType } from '../events/foreign.ts';
import { isReconcileType, parseReconcileEvent } from '../events/parseReconcileEvent.ts';
import { parseReply } from '../events/parseReply.ts';
import type { ReplyEvent } from '../events/reply.ts';
import { parseRfc3339 } from '../events/rfc3339.ts';
import { parseSubject } from '../events/subject.ts';
import type { RecordedLine } from './recordedLine.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** `text` without its line end. */
export function parseLine(text: string): RecordedLine {
  const line = parseJson(text);
  if ('specversion' in line) return parseBareEvent(line);
  if (!('event' in line)) throw inputError('event', 'is missing: neither a recorded line nor a CloudEvent');
  const { event, reply = null, status = null, sentAt = null } = line;
  if (status !== null && !isWhole(status)) throw inputError('status', 'must be a whole number');
  if (sentAt !== null && !isWhole(sentAt)) throw inputError('sentAt', 'must be epoch milliseconds');
  const answer = reply === null ? null : within('reply', () => parseReply(toEnvelope(reply)));
  return within('event', () => parseEventLine(takeObject(event), answer, status, sentAt));
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

/**
 * Our own file is not an attacker, so JSON.parse suffices. It costs a third of the strict reader of
 * requests.
 */
function parseJson(text: string): JsonObject {
  try {
    return takeObject(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof ZenLeadError) throw cause;
    throw new ZenLeadError('INPUT_INVALID', `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      retry: 'never',
      cause,
    });
  }
}

function toEnvelope(value: unknown): Envelope {
  const { data, ...attributes } = takeObject(value);
  const read = parseAttributes(Object.entries(attributes));
  return { ...read, data: data === undefined ? { kind: 'none' } : { kind: 'json', value: data } };
}

function takeObject(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ZenLeadError('INPUT_INVALID', 'is not a JSON object', { retry: 'never' });
  return value as JsonObject;
}

function within<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ZenLeadError)) throw error;
    const joint = error.path === undefined ? ': ' : '.';
    throw new ZenLeadError(error.code, `${name}${joint}${error.message}`, { retry: 'never', cause: error });
  }
}

function timeOf({ time }: ReplyEvent): number {
  const at = parseRfc3339(time);
  if (at === null) throw inputError('time', 'is not an RFC 3339 timestamp');
  return at;
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
