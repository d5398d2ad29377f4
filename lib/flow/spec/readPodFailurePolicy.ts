/**
 * Reads `executionPolicy.podFailurePolicy`, which is copied into each Job of a flow as it stands.
 *
 * Guarantees: what the API server would refuse of it in each Job is a problem of the flow. A rule
 * that names a container is not compared with the containers of the Jobs.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy ;
 * https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/apis/batch/validation/validation.go
 * (validatePodFailurePolicy)
 */

import type { FieldReader } from './fieldReader.ts';
import type { JsonObject } from './flowSpec.ts';
import { limits } from './limits.ts';

export const podFailureActions = ['FailJob', 'Ignore', 'Count', 'FailIndex'] as const;
export const exitCodeOperators = ['In', 'NotIn'] as const;
export const conditionStatuses = ['True', 'False', 'Unknown'] as const;

export function readPodFailurePolicy(policy: FieldReader): JsonObject | null {
  const fields = policy.fields('podFailurePolicy');
  if (fields === null) return null;
  for (const rule of fields.list('rules', { min: 0, max: limits.podFailureRules })) readRule(rule);
  fields.end();
  return policy.object('podFailurePolicy');
}

function readRule(rule: FieldReader): void {
  const action = rule.choice('action', podFailureActions);
  if (action === null && !rule.has('action')) rule.fault('action', 'is missing');
  const codes = rule.fields('onExitCodes');
  const patterns = rule.list('onPodConditions', { min: 0, max: limits.podFailureRules });
  if ((codes !== null) === patterns.length > 0) rule.fault(null, 'needs onExitCodes or onPodConditions, and not both');
  if (codes !== null) readExitCodes(codes);
  for (const pattern of patterns) {
    if ((pattern.text('type', limits.conditionType) ?? '') === '') pattern.fault('type', 'is missing');
    pattern.choice('status', conditionStatuses);
    pattern.end();
  }
  rule.end();
}

function readExitCodes(codes: FieldReader): void {
  codes.text('containerName', limits.containerName);
  const operator = codes.choice('operator', exitCodeOperators);
  if (operator === null && !codes.has('operator')) codes.fault('operator', 'is missing');
  const values = codes.integers('values', { min: 1, max: limits.exitCodes });
  if (values.some((value, index) => index > 0 && value <= (values[index - 1] ?? 0)))
    codes.fault('values', 'must be in order, each one once');
  if (operator === 'In' && values.includes(0)) codes.fault('values', 'has 0, which is no failure');
  codes.end();
}
