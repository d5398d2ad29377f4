/** Gives an expression what it may read of a flow. */

import type { ConditionValues, StepValue } from '../../expression/condition.ts';
import type { FlowSpec } from '../spec/flowSpec.ts';
import { type FlowRecord, outputsOf, type StepRecord } from '../state/record.ts';

export interface FlowName {
  readonly namespace: string;
  readonly name: string;
}

export function conditionValues(
  { name, namespace }: FlowName,
  { parameters }: FlowSpec,
  record: FlowRecord,
  stepNames: readonly string[],
): ConditionValues {
  const wanted = new Set(stepNames);
  const given = record.steps.filter((step) => wanted.has(step.name));
  return {
    flow: { name, namespace },
    parameters,
    steps: Object.fromEntries(
      given.map((step) => [step.name, { ...toValue(step), outputs: outputsOf(record, step.name) }]),
    ),
  };
}

function toValue({ phase, reason, exitCode, attempt, startedAt }: StepRecord): Omit<StepValue, 'outputs'> {
  return { phase, reason: reason ?? '', exitCode: exitCode ?? -1, attempts: startedAt === null ? 0 : attempt };
}
