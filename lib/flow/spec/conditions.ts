/** Reads the conditions of one step. They may name what is known when they are evaluated. */

import { type Condition, type Expression, parseCondition, parseList, parseText } from '../../expression/condition.ts';
import type { ConditionProblem, ConditionScope } from '../../expression/scope.ts';
import type { FlowSpec, Step } from './flowSpec.ts';
import { readableSteps } from './readableSteps.ts';

/** Of a step with `forEach`, it may read the item, and then chooses the items. */
export function parseWhen(spec: FlowSpec, step: Step, text: string): Condition | ConditionProblem {
  return parseCondition(text, { ...scopeOf(spec, step, false), hasItem: step.forEach !== null });
}

/** It may also read how the attempt ended. */
export function parseRetryWhen(spec: FlowSpec, step: Step, text: string): Condition | ConditionProblem {
  return parseCondition(text, scopeOf(spec, step, true));
}

/** `forEach.from`. */
export function parseItems(spec: FlowSpec, step: Step, text: string): Expression<readonly string[]> | ConditionProblem {
  return parseList(text, scopeOf(spec, step, false));
}

/** `memoize.key`. */
export function parseKey(spec: FlowSpec, step: Step, text: string): Expression<string> | ConditionProblem {
  return parseText(text, scopeOf(spec, step, false));
}

function scopeOf(spec: FlowSpec, step: Step, isRetry: boolean): ConditionScope {
  return { ...namesOf(spec), steps: readableSteps(spec, step), isRetry };
}

type Shared = Pick<ConditionScope, 'allSteps' | 'parameters' | 'outputs'>;

/** The same for each condition of a flow, of which there may be thousands. */
const known = new WeakMap<FlowSpec, Shared>();

function namesOf(spec: FlowSpec): Shared {
  const before = known.get(spec);
  if (before !== undefined) return before;
  const outputs = new Map(
    [...spec.steps, ...spec.finally].map((each) => [each.name, each.outputs.map((output) => output.name)]),
  );
  const names = { allSteps: new Set(outputs.keys()), parameters: new Set(Object.keys(spec.parameters)), outputs };
  known.set(spec, names);
  return names;
}
