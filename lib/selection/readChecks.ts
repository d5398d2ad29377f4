/**
 * readChecks: reads what a Service asks its pods, and how often.
 *
 * Guarantees: settings without effect are read, too, so that a mistake is named before it counts.
 */

import { type CheckTiming, checkLimits, type HealthCheckSettings, parseHealthCheck } from './healthCheck.ts';
import { annotation } from './names.ts';
import { parseDuration } from './parseDuration.ts';
import { judgedCheck, MAX_LITERAL_BYTES, parseLiteral, parseRoleCheck, type RoleCheckSettings } from './roleCheck.ts';

/** Reads one annotation. `fallback` stands where it is absent or cannot be read. */
type Read = <T>(key: string, fallback: T, expected: string, parse: (text: string) => T | null) => T;

interface Checks {
  readonly healthCheck: HealthCheckSettings | null;
  readonly roleCheck: RoleCheckSettings | null;
}

interface Limits {
  readonly least: number;
  readonly most: number;
  readonly fallback: number;
}

const literal = `at most ${MAX_LITERAL_BYTES} bytes, with the escapes \\r, \\n, \\t and \\xNN`;

export function readChecks(read: Read, annotations: Readonly<Record<string, string>>): Checks {
  const healthCheck = readHealthCheck(read);
  const timing = readTiming(read);
  const roleCheck = readRoleCheck(read, annotations);
  const raw = annotations[annotation.healthCheck] ?? '';
  const isRoleWanted = annotations[annotation.roleCheck] !== undefined;
  return {
    healthCheck: healthCheck === null || isRoleWanted ? null : { ...healthCheck, raw, ...timing },
    roleCheck: roleCheck === null ? null : { ...roleCheck, raw: judgedCheck(annotations) ?? '', ...timing },
  };
}

function readHealthCheck(read: Read) {
  const expected = 'http://:port/path, tcp://:port or grpc://:port/service';
  return read(annotation.healthCheck, null, expected, parseHealthCheck);
}

function readTiming(read: Read): CheckTiming {
  const readSpan = (key: string, limits: Limits, range: string): number =>
    read(key, limits.fallback, `a Go duration ${range}`, (text) => within(parseDuration(text), limits));
  const readCount = (key: string, limits: Limits): number =>
    read(key, limits.fallback, `a whole number from ${limits.least} to ${limits.most}`, (text) =>
      within(/^[1-9]\d{0,5}$/.test(text) ? Number(text) : null, limits),
    );
  return {
    intervalMs: readSpan(annotation.healthCheckInterval, checkLimits.intervalMs, 'from "50ms" to "1h"'),
    timeoutMs: readSpan(annotation.healthCheckTimeout, checkLimits.timeoutMs, 'from "10ms" to "60s"'),
    failureThreshold: readCount(annotation.healthCheckFailureThreshold, checkLimits.failureThreshold),
    successThreshold: readCount(annotation.healthCheckSuccessThreshold, checkLimits.successThreshold),
  };
}

function readRoleCheck(read: Read, annotations: Readonly<Record<string, string>>) {
  const [send, expect] = [annotation.roleCheckSend, annotation.roleCheckExpect].map((key) =>
    parseLiteral(annotations[key] ?? ''),
  );
  const expected = `http://:port/path, redis://:port, or tcp://:port with ${annotation.roleCheckExpect}`;
  const check = read(annotation.roleCheck, null, expected, (text) =>
    parseRoleCheck(text, { send: send ?? '', expect: expect ?? '' }),
  );
  read(annotation.roleCheckSend, '', literal, parseLiteral);
  read(annotation.roleCheckExpect, '', `1 byte or more, ${literal}`, (text) =>
    text === '' ? null : parseLiteral(text),
  );
  return check?.scheme === 'tcp' && send === null ? null : check;
}

function within(value: number | null, { least, most }: Limits): number | null {
  return value === null || value < least || value > most ? null : value;
}
