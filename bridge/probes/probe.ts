/**
 * Probe: one question to one address, and its answer. The types that every kind of probe shares.
 *
 * Guarantees: a result holds no byte of what the target answered, only one word out of a closed
 * list and a status number.
 */

export interface Check {
  readonly scheme: 'http' | 'tcp' | 'grpc' | 'redis';
  /** 1 to 65535. */
  readonly port: number;
  /** Path of http, service name of grpc (may be empty), empty for tcp and redis. */
  readonly target: string;
  /** Present where the target is asked for its role. Bytes for tcp, one a character. */
  readonly role?: { readonly send: string; readonly expect: string };
}

export type Role = 'primary' | 'other';

/** What is asked: a check, at the address of one pod. */
export interface Endpoint {
  /** An IPv4 or IPv6 address, never a name. */
  readonly address: string;
  readonly check: Check;
  /** After which the signal of the probe aborts. For a network that is somewhere else. */
  readonly timeoutMs?: number;
}

/** Why a probe failed. docs/how-to/health-checks.md#what-a-failure-says lists each word. */
export type Detail =
  | 'refused'
  | 'reset'
  | 'timeout'
  | 'unreachable'
  | `http-${number}`
  | `grpc-${number}`
  | 'not-serving'
  | 'garbage'
  | 'auth';

export type ProbeResult =
  /** `role`: the answer to a check that asks for one. */
  | { readonly kind: 'passed'; readonly role?: Role }
  | { readonly kind: 'failed'; readonly detail: Detail }
  /** The prober could not ask, so the result says nothing about the target. */
  | { readonly kind: 'void' };

export const passed: ProbeResult = { kind: 'passed' };
export const isPrimary: ProbeResult = { kind: 'passed', role: 'primary' };
export const isOther: ProbeResult = { kind: 'passed', role: 'other' };
export const isVoid: ProbeResult = { kind: 'void' };

export function failed(detail: Detail): ProbeResult {
  return { kind: 'failed', detail };
}

/** `10.0.0.1:8080`, `[fd00::1]:8080`. */
export function hostOf(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
