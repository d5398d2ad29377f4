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
      return parseUrl(setting, origin, text);
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

function parseUrl({ isSink }: Setting & { kind: 'url' }, origin: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw configError(`${origin}: "${text}" is not an http:// or https:// URL`);
  }
  // Events are sent without them, and logs and dead letters name the sink.
  if (isSink === true && (url.username !== '' || url.password !== ''))
    throw configError(`${origin}: holds a user name or password, which is not sent`);
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

/** The room that the bridge leaves in the 64 KiB of an event. */
const MAX_EXTENSIONS_BYTES = 1_024;
/** CloudEvents 1.0.2, "Type System"; unpaired surrogates are asked for apart. */
const DISALLOWED = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

/**
 * Refuses what would make every event a dead letter.
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
  if (!isObject(parsed)) throw configError(`${origin}: ${accepted}`);
  const { extensions = {} } = parsed;
  if (!isObject(extensions)) throw configError(`${origin}: ${accepted}`);
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(extensions)) {
    if (typeof value !== 'string' || !/^[a-z0-9]+$/.test(name)) throw configError(`${origin}: ${name}: ${accepted}`);
    if (!value.isWellFormed() || DISALLOWED.test(value))
      throw configError(`${origin}: ${name}: has control characters, noncharacters or unpaired surrogates`);
    values[name] = value;
    const bytes = Buffer.byteLength(JSON.stringify(values));
    if (bytes > MAX_EXTENSIONS_BYTES)
      throw configError(
        `${origin}: ${name}: the attributes take ${bytes} bytes with it, and ${MAX_EXTENSIONS_BYTES} are accepted in all`,
      );
  }
  return values;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
