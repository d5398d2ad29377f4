/**
 * Reads a span of time as Go's ParseDuration does, in milliseconds: `90s`, `1m30s`, `1.5h`, `0`.
 *
 * Null for anything else, and for more than 2^31 s: an instant must stay within what a date can
 * say. Source: https://pkg.go.dev/time#ParseDuration
 */

/** As other spans of a flow, which are seconds of 32 bits. */
const MAX_SPAN_MS = 2 ** 31 * 1_000;
export const MAX_SPAN = '68 years';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const WHOLE = /^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h))+$/;

export function parseSpan(text: string): number | null {
  if (text === '0') return 0;
  if (text.length > 40 || !WHOLE.test(text)) return null;
  const parts = [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)];
  const span = Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? 0), 0));
  return span <= MAX_SPAN_MS ? span : null;
}
