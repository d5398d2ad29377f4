/**
 * Turns the text of one flag or variable into the value that its setting promises.
 *
 * Guarantees: rejects with CONFIG_INVALID, and the message names the flag or variable, what was
 * given and what is accepted.
 */

import { ZenLeadError } from '../errors.ts';
import type { Setting } from './setting.ts';
import { textForms } from './textForms.ts';

export function configError(message: string, cause?: unknown): ZenLeadError {
  return new ZenLeadError('CONFIG_INVALID', message, { retry: 'never', cause });
}

/**
 * `origin` is how the user wrote it: `--port` or `$PORT`. `texts` has at least one element; only a
 * list takes more.
 */
export function parseValue(setting: Setting, origin: string, texts: readonly string[]): unknown {
  const text = texts.at(-1) ?? '';
  switch (setting.kind) {
    case 'switch':
      return true;
    case 'list':
      return texts.map((one) => parseText(setting, origin, one));
    case 'text':
      return parseText(setting, origin, text);
    case 'url':
      return parseUrl(origin, text);
    case 'choice':
      if (setting.choices.includes(text)) return text;
      throw configError(`${origin}: "${text}" is not one of ${setting.choices.join(', ')}`);
    case 'integer':
      return parseInteger(setting, origin, text);
    case 'extensions':
      return parseExtensions(origin, text);
  }
}

/**
 * Of a value in a message. A name of an object is 253 long at most; certificates can be thousands,
 * and have lines where a message has one.
 */
const SHOWN_LENGTH = 300;

function parseText({ form }: Setting & { kind: 'text' | 'list' }, origin: string, text: string): string {
  if (text.trim() === '') throw configError(`${origin}: is empty; give a value or leave it out`);
  if (form === undefined || textForms[form].fits(text)) return text;
  throw configError(`${origin}: ${JSON.stringify(text.slice(0, SHOWN_LENGTH))} is not a ${textForms[form].noun}`);
}

function parseUrl(origin: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw configError(`${origin}: "${text}" is not an http:// or https:// URL`);
  }
  return url.href;
}

function parseInteger(setting: Setting & { kind: 'integer' }, origin: string, text: string): number {
  // Digits only: Number('') is 0, Number('1e3') is 1000, and neither is what a person meant.
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= setting.min && number <= setting.max) return number;
  throw configError(
    `${origin}: "${text}" is not a whole number from ${setting.min} to ${setting.max} (${setting.unit})`,
  );
}

/**
 * https://knative.dev/docs/eventing/custom-event-source/sinkbinding/reference/ (CloudEvent
 * overrides)
 */
function parseExtensions(origin: string, text: string): Readonly<Record<string, string>> {
  const accepted = 'accepted is {"extensions":{"name":"value"}} with names of a-z and 0-9';
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw configError(`${origin}: is not JSON; ${accepted}`, cause);
  }
  const extensions = typeof parsed === 'object' && parsed !== null && 'extensions' in parsed ? parsed.extensions : {};
  if (typeof extensions !== 'object' || extensions === null) throw configError(`${origin}: ${accepted}`);
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(extensions)) {
    if (typeof value !== 'string' || !/^[a-z0-9]+$/.test(name)) throw configError(`${origin}: ${name}: ${accepted}`);
    values[name] = value;
  }
  return values;
}
