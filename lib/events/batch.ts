/**
 * Parses a batch of CloudEvents out of an HTTP message.
 *
 * Guarantees: the events keep their order, and all are read before one is handled. INPUT_INVALID
 * names the event in its path, `body[3].id`. INPUT_UNSUPPORTED for a content coding and for another
 * charset.
 * Source: CloudEvents HTTP protocol binding 1.0.2 section 3.3; JSON format 1.0.2 section 4.
 */

import { inputError, ZenLeadError } from '../errors.ts';
import { type Envelope, type Headers, header, readStructured, refuseCoding, unsupported } from './envelope.ts';
import { isUtf8, parseMediaType } from './mediaType.ts';
import { parseJson } from './strictJson.ts';

export const batchContentType = 'application/cloudevents-batch+json';
/**
 * As many as a bridge has in flight. All share one deadline and one answer, so a longer batch would
 * be sent again as a whole more often.
 */
export const MAX_BATCH_EVENTS = 64;

/** Whether the sender says that it is a batch. */
export function isBatch(headers: Headers): boolean {
  return mediaTypeOf(headers)?.essence === batchContentType;
}

/** An empty batch is allowed. `parse` reads each event. */
export function parseBatch<Event>(
  headers: Headers,
  body: Uint8Array,
  parse: (envelope: Envelope) => Event,
): readonly Event[] {
  refuseCoding(headers);
  const mediaType = mediaTypeOf(headers);
  if (mediaType && !isUtf8(mediaType)) throw unsupported('content-type', 'the only charset accepted is utf-8');
  const { value: events, checkMember } = parseJson(body, 'body');
  if (!Array.isArray(events)) throw inputError('body', 'must be a JSON array of events');
  if (events.length > MAX_BATCH_EVENTS)
    throw inputError('body', `has ${events.length} events; ${MAX_BATCH_EVENTS} are accepted in one batch`);
  return events.map((event: unknown, at) => {
    try {
      return parse(readStructured(event, checkMember));
    } catch (error) {
      throw error instanceof ZenLeadError ? atIndex(error, at) : error;
    }
  });
}

function mediaTypeOf(headers: Headers) {
  const contentType = header(headers, 'content-type');
  return contentType === undefined ? undefined : parseMediaType(contentType);
}

function atIndex(error: ZenLeadError, at: number): ZenLeadError {
  const { path, message, code } = error;
  if (code !== 'INPUT_INVALID') return error;
  const isWhole = path === undefined || path === 'body';
  const problem = path !== undefined && message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
  return inputError(isWhole ? `body[${at}]` : `body[${at}].${path}`, problem, error);
}
