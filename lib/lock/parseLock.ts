/**
 * parseLock: reads the Lease of a lock.
 *
 * Guarantees: a Lease that cannot be read is INPUT_INVALID and never a free lock. A token that was
 * lost would let a smaller one follow a greater one.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
 */

import { inputError } from '../errors.ts';
import {
  type Fields,
  takeFields,
  takeNumber,
  takeOptionalFields,
  takeOptionalNumber,
  takeOptionalString,
  takeOptionalTime,
  takeString,
} from '../kube/fields.ts';
import { lockAnnotation, lockLabel, toLockName } from './lockNames.ts';
import { type Grant, type LockState, MAX_QUEUE, type Waiter } from './lockState.ts';

/** 64 waiters with the longest names take 40 KiB. */
const MAX_QUEUE_LENGTH = 65_536;

export interface LockView {
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The name of the lock. */
  readonly lock: string;
  readonly state: LockState;
}

export function parseLock(input: unknown): LockView {
  const lease = takeFields(input, 'lease');
  const metadata = takeFields(lease['metadata'], 'metadata');
  const name = takeString(metadata, 'name', 'metadata');
  const lock = toLockName(name);
  const labels = takeOptionalFields(metadata, 'labels', 'metadata') ?? {};
  if (lock === null || labels[lockLabel] !== 'true')
    throw inputError(`metadata.labels.${lockLabel}`, `the Lease ${name} is not the Lease of a lock`);
  const annotations = takeOptionalFields(metadata, 'annotations', 'metadata') ?? {};
  const spec = takeOptionalFields(lease, 'spec', 'lease') ?? {};
  const token = takeWhole(annotations, lockAnnotation.fencingToken);
  if (token === null) throw inputError(pathOf(lockAnnotation.fencingToken), 'is absent');
  return {
    namespace: takeString(metadata, 'namespace', 'metadata'),
    name,
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
    lock,
    state: { exists: true, token, grant: parseGrant(spec, annotations, token), queue: parseQueue(annotations) },
  };
}

function parseGrant(spec: Fields, annotations: Fields, token: number): Grant | null {
  const holder = takeOptionalString(spec, 'holderIdentity', 'spec') ?? '';
  if (holder === '') return null;
  const renewedAt = takeOptionalTime(spec, 'renewTime', 'spec');
  if (renewedAt === undefined) throw inputError('spec.renewTime', 'is absent although the lock is held');
  return {
    id: takeOptionalString(annotations, lockAnnotation.grantId, 'metadata.annotations') ?? '',
    holder,
    token,
    ttlMs: takeNumber(spec, 'leaseDurationSeconds', 'spec') * 1_000,
    lockDelayMs: (takeWhole(annotations, lockAnnotation.lockDelay) ?? 0) * 1_000,
    acquiredAt: takeOptionalTime(spec, 'acquireTime', 'spec') ?? renewedAt,
    renewedAt,
  };
}

function parseQueue(annotations: Fields): readonly Waiter[] {
  const path = pathOf(lockAnnotation.queue);
  const text = takeOptionalString(annotations, lockAnnotation.queue, 'metadata.annotations');
  if (text === undefined) return [];
  if (text.length > MAX_QUEUE_LENGTH) throw inputError(path, `has more than ${MAX_QUEUE_LENGTH} characters`);
  const parsed = parseJson(text, path);
  if (!Array.isArray(parsed) || parsed.length > MAX_QUEUE)
    throw inputError(path, `expected a list of at most ${MAX_QUEUE}`);
  return parsed.map((entry: unknown): Waiter => {
    const fields = takeFields(entry, path);
    return {
      id: takeString(fields, 'id', path),
      holder: takeString(fields, 'holder', path),
      expiresAt: takeNumber(fields, 'expiresAt', path),
      ttlMs: takeNumber(fields, 'ttlSeconds', path) * 1_000,
      lockDelayMs: (takeOptionalNumber(fields, 'lockDelaySeconds', path) ?? 0) * 1_000,
    };
  });
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw inputError(path, 'is not JSON', cause);
  }
}

/** A whole number of 0 or more; null where it is absent. */
function takeWhole(annotations: Fields, key: string): number | null {
  const text = takeOptionalString(annotations, key, 'metadata.annotations');
  if (text === undefined) return null;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw inputError(pathOf(key), `expected a whole number, got ${JSON.stringify(text.slice(0, 60))}`);
}

function pathOf(key: string): string {
  return `metadata.annotations.${key}`;
}
