/**
 * parseDuration: reads a Go duration ("1m30s", "500ms", "0") in milliseconds. Null when it is not
 * one, is negative, or takes more than 64 characters.
 *
 * Source: https://pkg.go.dev/time#ParseDuration. Users know this form from every other Kubernetes
 * field.
 */

/** Milliseconds per unit. Both code points of the micro sign are accepted, as in Go. */
const unitMs: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/**
 * Go holds a duration in 63 bits of nanoseconds, about 292 years. What does not fit is an error
 * there and here.
 */
const MAX_MS = 2 ** 63 / 1e6;

/**
 * Characters: five times what Go prints for the longest duration. The pattern below takes quadratic
 * time.
 */
const MAX_LENGTH = 64;

const term = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;

export function parseDuration(text: string): number | null {
  if (text.length > MAX_LENGTH) return null;
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0;
  let totalMs = 0;
  let end = 0;
  for (const match of body.matchAll(term)) {
    const [whole, amount, unit] = match;
    totalMs += Number(amount) * Number(unitMs.get(String(unit)));
    end = match.index + whole.length;
  }
  const isNegative = text.startsWith('-') && totalMs > 0;
  return end === 0 || end !== body.length || totalMs > MAX_MS || isNegative ? null : totalMs;
}
