/**
 * Reads a span of time as Go's ParseDuration does, in milliseconds: `90s`, `1m30s`, `1.5h`, `0`.
 *
 * Null for anything else. Source: https://pkg.go.dev/time#ParseDuration
 */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const WHOLE = /^(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h))+$/;

export function parseSpan(text: string): number | null {
  if (text === '0') return 0;
  if (text.length > 40 || !WHOLE.test(text)) return null;
  const parts = [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)];
  return Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? 0), 0));
}
