/**
 * parseRoleCheck: reads `zen-lead.io/role-check` and the two annotations that belong to it.
 * docs/reference/annotations.md#role-checks
 *
 * A role check asks each pod whether it is the primary of an application that elects by itself.
 */

import { hashText } from './hashText.ts';
import type { CheckTiming } from './healthCheck.ts';
import { annotation } from './names.ts';

export interface RoleCheck {
  readonly scheme: 'http' | 'redis' | 'tcp';
  /** 1 to 65535. */
  readonly port: number;
  /** Path of http, empty for the others. */
  readonly target: string;
  /** How a role is asked for over `tcp`. Both are empty for the others. */
  readonly role: RoleQuestion;
}

export interface RoleQuestion {
  /** Bytes, one a character. */
  readonly send: string;
  /** Bytes that the answer of a primary holds; at least one for `tcp`. */
  readonly expect: string;
}

export interface RoleCheckSettings extends RoleCheck, CheckTiming {
  /** How observations name the check. */
  readonly raw: string;
}

/** Of `role-check-send` and `role-check-expect`, in bytes. */
export const MAX_LITERAL_BYTES = 256;

/** Http needs a path: without one, each server that answers anything would be a primary. */
const form = /^(?:(http):\/\/:(\d{1,5})\/([!-~]*)|(redis|tcp):\/\/:(\d{1,5}))$/;

/** Null for what cannot be read, and for `tcp` without bytes to expect. */
export function parseRoleCheck(text: string, role: RoleQuestion): RoleCheck | null {
  const match = form.exec(text);
  if (match === null) return null;
  const [, http, httpPort, path, other, otherPort] = match;
  const port = Number(httpPort ?? otherPort);
  if (port < 1 || port > 65_535) return null;
  const unasked = { send: '', expect: '' };
  if (http !== undefined) return { scheme: 'http', port, target: `/${path}`, role: unasked };
  if (other === 'redis') return { scheme: 'redis', port, target: '', role: unasked };
  return role.expect === '' ? null : { scheme: 'tcp', port, target: '', role };
}

/** One character or one escape. A backslash itself is `\x5c`. */
const piece = /\\(?:([rnt])|x([0-9a-fA-F]{2}))|[^\\]/gsuy;
const controls: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t' };

/** The bytes of a literal, one a character. Null for an unknown escape, and for too many bytes. */
export function parseLiteral(text: string): string | null {
  const utf8 = new TextEncoder();
  const bytes: string[] = [];
  let end = 0;
  for (const match of text.matchAll(piece)) {
    const [whole, control, hex] = match;
    end = match.index + whole.length;
    if (control !== undefined) bytes.push(controls[control] ?? '');
    else if (hex !== undefined) bytes.push(String.fromCharCode(Number.parseInt(hex, 16)));
    else for (const byte of utf8.encode(whole)) bytes.push(String.fromCharCode(byte));
    if (bytes.length > MAX_LITERAL_BYTES) return null;
  }
  return end === text.length ? bytes.join('') : null;
}

/**
 * Names the check whose answers count for a Service with these annotations. Undefined where it asks
 * for none. An observation by any other name is void.
 */
export function judgedCheck(annotations: Readonly<Record<string, string>>): string | undefined {
  const roleCheck = annotations[annotation.roleCheck];
  if (roleCheck === undefined) return annotations[annotation.healthCheck];
  if (!roleCheck.startsWith('tcp:')) return roleCheck;
  // What is sent and expected is part of the question, and may be longer than a name should be.
  const question = [annotations[annotation.roleCheckSend] ?? '', annotations[annotation.roleCheckExpect] ?? ''];
  return `${roleCheck} ${hashText(JSON.stringify(question)).toString(16).padStart(8, '0')}`;
}
