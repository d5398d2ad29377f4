/**
 * Decodes CloudEvents attribute values in HTTP headers, which have quoted strings and
 * percent-encoding.
 *
 * Guarantees: one round of decoding; octets that are not UTF-8 are refused (`%C0%A0` is an overlong
 * space).
 * Source: CloudEvents HTTP protocol binding 1.0.2, section 3.1.3.2.
 */

import { inputError } from '../errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function decodeHeaderValue(raw: string, header: string): string {
  if (!/^[\x20-\x7e\t]*$/.test(raw))
    throw inputError(header, 'has characters outside printable ASCII; percent-encode them');
  const text = unquote(raw, header);
  if (!text.includes('%')) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) throw inputError(header, 'has a % that two hexadecimal digits do not follow');
  const octets = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    return utf8.decode(Buffer.from(octets, 'latin1'));
  } catch (cause) {
    throw inputError(header, 'has percent-encoded octets that are not UTF-8', cause);
  }
}

/** A double-quoted string (RFC 7230, 3.2.6), which older senders use for spaces. */
function unquote(raw: string, header: string): string {
  if (!raw.startsWith('"')) return raw;
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(raw);
  if (!quoted) throw inputError(header, 'is a quoted string without end, or with something after it');
  return (quoted[1] ?? '').replace(/\\(.)/g, '$1');
}
