/**
 * Parses an instant as people type it: RFC 3339, which the timeline prints, too.
 */

import { configError } from '../../lib/config/parseValue.ts';
import { parseRfc3339 } from '../../lib/events/rfc3339.ts';

/** Epoch milliseconds, or null where the flag is absent. Rejects with CONFIG_INVALID. */
export function parseInstant(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const at = parseRfc3339(text);
  if (at === null) throw configError(`${flag}: "${text}" is not a time; write it as 2026-11-20T10:00:00Z (RFC 3339)`);
  return at;
}
