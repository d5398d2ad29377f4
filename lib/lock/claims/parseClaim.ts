/**
 * parseClaim: reads a ManualLock, as a watch or a read gives it.
 *
 * The schema of its kind has the bounds, so what passes the API server is readable.
 */

import { inputError } from '../../errors.ts';
import {
  type Fields,
  takeFields,
  takeNumber,
  takeOptionalFields,
  takeOptionalNumber,
  takeOptionalString,
  takeOptionalTime,
  takeString,
} from '../../kube/fields.ts';
import { type ClaimPhase, type ClaimStatus, type ClaimView, phases } from './claim.ts';

export function parseClaim(input: unknown): ClaimView {
  const object = takeFields(input, 'manuallock');
  const metadata = takeFields(object['metadata'], 'metadata');
  const spec = takeFields(object['spec'], 'spec');
  const name = takeString(metadata, 'name', 'metadata');
  return {
    namespace: takeString(metadata, 'namespace', 'metadata'),
    name,
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
    createdAt: takeOptionalTime(metadata, 'creationTimestamp', 'metadata') ?? 0,
    terminating: metadata['deletionTimestamp'] !== undefined && metadata['deletionTimestamp'] !== null,
    lock: takeString(spec, 'lock', 'spec'),
    holder: takeOptionalString(spec, 'holder', 'spec') ?? name,
    ttlMs: takeNumber(spec, 'ttlSeconds', 'spec') * 1_000,
    renew: takeOptionalString(spec, 'renew', 'spec') === 'Manual' ? 'Manual' : 'Auto',
    status: parseStatus(takeOptionalFields(object, 'status', 'manuallock')),
  };
}

function parseStatus(status: Fields | undefined): ClaimStatus | null {
  const phase = status === undefined ? undefined : takeOptionalString(status, 'phase', 'status');
  if (status === undefined || phase === undefined) return null;
  if (!isPhase(phase)) throw inputError('status.phase', `expected one of ${phases.join(', ')}`);
  const [condition] = Array.isArray(status['conditions']) ? status['conditions'] : [];
  return {
    phase,
    fencingToken: takeOptionalNumber(status, 'fencingToken', 'status') ?? null,
    expiresAt: takeOptionalTime(status, 'expiresAt', 'status') ?? null,
    position: takeOptionalNumber(status, 'position', 'status') ?? null,
    condition: condition === undefined ? null : parseCondition(takeFields(condition, 'status.conditions')),
  };
}

function parseCondition(condition: Fields): ClaimStatus['condition'] {
  const text = (key: string): string => takeOptionalString(condition, key, 'status.conditions') ?? '';
  return {
    type: 'Held',
    status: text('status') === 'True' ? 'True' : 'False',
    reason: text('reason'),
    message: text('message'),
    lastTransitionTime: text('lastTransitionTime'),
  };
}

function isPhase(phase: string): phase is ClaimPhase {
  return phases.some((each) => each === phase);
}
