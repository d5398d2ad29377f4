/**
 * Names a style or script that stands in the page itself, for a content security policy.
 *
 * Source: https://www.w3.org/TR/CSP3/#grammardef-hash-source
 */

import { createHash } from 'node:crypto';

export function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
