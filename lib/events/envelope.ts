/**
 * Parses a CloudEvent 1.0 out of an HTTP message, in structured or binary mode.
 *
 * The cloudevents package does not do this: it invents a missing id, accepts specversion 2.0 and
 * validates nothing else.
 *
 * Guarantees: INPUT_INVALID with the path for an attribute that the specification forbids.
 * INPUT_UNSUPPORTED for a content type that is not an event, another event format, another
 * charset of the envelope or a content coding. Data that cannot be read refuses nothing: the
 * envelope says what is wrong with it. The same event gets the same answer in both modes.
 * Source: CloudEvents HTTP protocol binding 1.0.2 section 3; JSON format 1.0.2 section 3.1 (data:
 * JSON unless datacontenttype says otherwise; data_base64: binary, of no type unless it says so).
 */

import { inputError, ZenLeadError } from '../errors.ts';
import { type Attributes, parseAttributes } from './attributes.ts';
import { decodeHeaderValue } from './headerValue.ts';
import { isJsonType, isUtf8, type MediaType, parseMediaType } from './mediaType.ts';
import { parseJson, parseStrictJson, type UncheckedJson } from './strictJson.ts';

/**
 * `opaque`: there is data, in a format that is not JSON. `unreadable`: it says that it is JSON and
 * cannot be read as such.
 */
export type EnvelopeData =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'opaque' }
  | { readonly kind: 'unreadable'; readonly problem: string };

export interface Envelope extends Attributes {
  readonly data: EnvelopeData;
}

/** As Node gives them, names in lower case. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const STRUCTURED = 'application/cloudevents+json';

export function parseEnvelope(headers: Headers, body: Uint8Array): Envelope {
  refuseCoding(headers);
  const contentType = header(headers, 'content-type');
  const mediaType = contentType === undefined ? undefined : parseMediaType(contentType);
  if (!mediaType?.essence.startsWith('application/cloudevents')) return parseBinary(headers, mediaType, body);

  if (mediaType.essence.startsWith('application/cloudevents-batch'))
    throw unsupported('content-type', 'a batch is not one event');
  if (mediaType.essence !== STRUCTURED)
    throw unsupported('content-type', `the only event format accepted is ${STRUCTURED}`);
  if (!isUtf8(mediaType)) throw unsupported('content-type', 'the only charset accepted is utf-8');
  const { value, checkMember } = parseJson(body, 'body');
  return readStructured(value, checkMember);
}

/** One event as JSON, which `checkMember` of the same document judges. */
export function readStructured(event: unknown, checkMember: UncheckedJson['checkMember']): Envelope {
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw inputError('body', 'must be a JSON object');
  // No attribute is a container, so only the data can be deep.
  const { data, data_base64: base64, ...rest } = event as Record<string, unknown>;
  const attributes = parseAttributes(Object.entries(rest));
  if ('data' in event && 'data_base64' in event) throw inputError('data_base64', 'excludes data');
  const type = attributes.datacontenttype;
  const mediaType = type === undefined ? undefined : parseMediaType(type);
  if (base64 !== undefined && base64 !== null)
    return { ...attributes, data: readData(() => parseData(mediaType, decodeBase64(base64), 'data_base64')) };
  if (!('data' in event)) return { ...attributes, data: { kind: 'none' } };
  // A datacontenttype that is missing means JSON here (JSON format, 3.1.2).
  if (mediaType && !isJsonType(mediaType)) return { ...attributes, data: { kind: 'opaque' } };
  const check = (): EnvelopeData => {
    checkMember(data, 'data');
    return { kind: 'json', value: data };
  };
  return { ...attributes, data: readData(check) };
}

/** `mediaType` is null where Content-Type is not a media type. */
function parseBinary(headers: Headers, mediaType: MediaType | null | undefined, body: Uint8Array): Envelope {
  const raw: [string, unknown][] = [];
  const names = Object.keys(headers).filter((name) => name.startsWith('ce-'));
  if (names.length === 0 && mediaType !== undefined)
    throw unsupported('content-type', `is not ${STRUCTURED}, and no ce- header makes it an event in binary mode`);
  if (mediaType === null) throw inputError('content-type', 'is not a media type');
  for (const name of names) {
    const attribute = name.slice('ce-'.length);
    if (attribute === 'datacontenttype' || attribute === 'data')
      throw inputError(name, 'must not be a header: binary mode uses Content-Type and the body');
    const value = header(headers, name);
    if (value !== undefined) raw.push([attribute, decodeHeaderValue(value, name)]);
  }
  const contentType = header(headers, 'content-type');
  if (contentType !== undefined) raw.push(['datacontenttype', contentType]);
  const attributes = parseAttributes(raw);
  if (body.length === 0) return { ...attributes, data: { kind: 'none' } };
  return { ...attributes, data: readData(() => parseData(mediaType, body, 'data')) };
}

/** Turns INPUT_INVALID into data that says what is wrong with it. */
function readData(parse: () => EnvelopeData): EnvelopeData {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ZenLeadError)) throw error;
    return { kind: 'unreadable', problem: error.message };
  }
}

function parseData(mediaType: MediaType | null | undefined, bytes: Uint8Array, path: string): EnvelopeData {
  if (!mediaType || !isJsonType(mediaType)) return { kind: 'opaque' };
  if (!isUtf8(mediaType)) throw inputError(path, 'is JSON in another charset than utf-8');
  return { kind: 'json', value: parseStrictJson(bytes, path) };
}

/** RFC 4648 section 4, padding included: `Buffer.from` alone skips what it does not know. */
function decodeBase64(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value))
    throw inputError('data_base64', 'is not base64 (RFC 4648, section 4)');
  return Buffer.from(value, 'base64');
}

export function refuseCoding(headers: Headers): void {
  const coding = header(headers, 'content-encoding');
  if (coding !== undefined && coding.toLowerCase() !== 'identity')
    throw unsupported('content-encoding', `${JSON.stringify(coding)} is not accepted; send it uncompressed`);
}

export function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  if (value === undefined || typeof value === 'string') return value;
  if (value.length > 1) throw inputError(name, 'is given more than once');
  return value[0];
}

export function unsupported(path: string, problem: string): ZenLeadError {
  return new ZenLeadError('INPUT_UNSUPPORTED', `${path}: ${problem}`, { retry: 'never', path });
}
