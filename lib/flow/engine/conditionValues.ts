/** Gives a condition what it may read of a flow. */

import type { ConditionValues, StepValue } from '../../expression/condition.ts';
import type { StepRecord } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';
import type { Progress } from './progress.ts';

export function conditionValues(progress: Progress, flow: FlowView, stepNames: readonly string[]): ConditionValues {
  return {
    flow: { name: flow.name, namespace: flow.namespace },
    parameters: progress.spec.parameters,
    steps: Object.fromEntries(stepNames.map((name) => [name, toValue(progress.step(name))])),
  };
}

function toValue({ phase, reason, exitCode, attempt, startedAt }: StepRecord): StepValue {
  return { phase, reason: reason ?? '', exitCode: exitCode ?? -1, attempts: startedAt === null ? 0 : attempt };
}
