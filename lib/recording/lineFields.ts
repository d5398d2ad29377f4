/**
 * Reads what the lines of every recording have in common: an event, its answer, and when it was
 * sent.
 *
 * Guarantees: INPUT_INVALID names the path in the line.
 */

import { inputError, ZenLeadError } from '../errors.ts';
import { parseAttributes } from '../events/attributes.ts';
import type { Envelope } from '../events/envelope.ts';
import { parseRfc3339 } from '../events/rfc3339.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface LineFields {
  readonly event: JsonObject;
  readonly reply: unknown;
  readonly status: number | null;
  readonly sentAt: number | null;
  /** The line is a CloudEvent, from a Broker for instance. */
  readonly isBare: boolean;
}

/** `text` without its line end. */
export function readLineFields(text: string): LineFields {
  const line = parseJson(text);
  if ('specversion' in line) return { event: line, reply: null, status: null, sentAt: null, isBare: true };
  if (!('event' in line)) throw inputError('event', 'is missing: neither a recorded line nor a CloudEvent');
  const { event, reply = null, status = null, sentAt = null } = line;
  if (status !== null && !isWhole(status)) throw inputError('status', 'must be a whole number');
  if (sentAt !== null && !isWhole(sentAt)) throw inputError('sentAt', 'must be epoch milliseconds');
  return { event: within('event', () => takeObject(event)), reply, status, sentAt, isBare: false };
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

export function toEnvelope(value: unknown): Envelope {
  const { data, ...attributes } = takeObject(value);
  const read = parseAttributes(Object.entries(attributes));
  return { ...read, data: data === undefined ? { kind: 'none' } : { kind: 'json', value: data } };
}

function takeObject(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ZenLeadError('INPUT_INVALID', 'is not a JSON object', { retry: 'never' });
  return value as JsonObject;
}

export function within<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ZenLeadError)) throw error;
    const joint = error.path === undefined ? ': ' : '.';
    throw new ZenLeadError(error.code, `${name}${joint}${error.message}`, { retry: 'never', cause: error });
  }
}

/** Of a reply: the instant that was decided for. */
export function timeOf({ time }: { readonly time: string }): number {
  const at = parseRfc3339(time);
  if (at === null) throw inputError('time', 'is not an RFC 3339 timestamp');
  return at;
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
