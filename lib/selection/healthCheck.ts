/**
 * parseHealthCheck: reads the value of `zen-lead.io/health-check`.
 *
 * The value is not a URL: `http://:80/x` has no host and does not parse as one.
 */

export interface HealthCheck {
  readonly scheme: 'http' | 'tcp' | 'grpc';
  /** 1 to 65535. */
  readonly port: number;
  /** Path of http (at least `/`), service name of grpc (may be empty), empty for tcp. */
  readonly target: string;
}

/** How often a check is made, and how many results make a verdict. */
export interface CheckTiming {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Failures in a row before a target is failing. */
  readonly failureThreshold: number;
  /** Passes in a row before a target that failed is passing again. */
  readonly successThreshold: number;
}

/** A check as a Service asks for it. */
export interface HealthCheckSettings extends HealthCheck, CheckTiming {
  /** The annotation as it is written. Observations name the check by it. */
  readonly raw: string;
}

/** The bounds and defaults of docs/reference/annotations.md#annotations. */
export const checkLimits = {
  // Below 50 ms, probes of one target would follow each other without a pause.
  intervalMs: { least: 50, most: 3_600_000, fallback: 1_000 },
  timeoutMs: { least: 10, most: 60_000, fallback: 1_000 },
  failureThreshold: { least: 1, most: 100, fallback: 3 },
  successThreshold: { least: 1, most: 100, fallback: 2 },
} as const;

/** Between two probes of a target whose first one failed. */
export const REPEAT_MS = 50;

/** Printable ASCII: what a request line can hold. */
const form = /^(http|tcp|grpc):\/\/:(\d{1,5})(?:\/([!-~]*))?$/;

export function parseHealthCheck(text: string): HealthCheck | null {
  const match = form.exec(text);
  if (match === null) return null;
  const [, scheme, digits, rest] = match;
  const port = Number(digits);
  if (port < 1 || port > 65_535) return null;
  if (scheme === 'http') return { scheme, port, target: `/${rest ?? ''}` };
  if (scheme === 'grpc') return { scheme, port, target: rest ?? '' };
  return rest === undefined ? { scheme: 'tcp', port, target: '' } : null;
}

/**
 * How long a pod may hang before it is left, in milliseconds. The hang may begin right after a
 * probe that passed; then every probe runs into its time-out.
 */
export function hangBoundMs({ intervalMs, timeoutMs, failureThreshold }: CheckTiming): number {
  return intervalMs + failureThreshold * timeoutMs + (failureThreshold - 1) * Math.min(intervalMs, REPEAT_MS);
}
