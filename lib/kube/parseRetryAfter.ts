/**
 * Returns the milliseconds of a Retry-After header, seconds or an HTTP date; undefined when it
 * cannot be read. Source: RFC 9110, section 10.2.3.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
