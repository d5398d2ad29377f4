/**
 * parseHealthCheck: reads the value of `zen-lead.io/health-check`, so that a mistake is named now.
 * The rules do not act on it yet.
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

const form = /^(http|tcp|grpc):\/\/:(\d{1,5})(?:\/(\S*))?$/;

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
