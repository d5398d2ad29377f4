/**
 * Says which parameters a step has, and what each is: those of the flow, and its inputs before
 * them.
 *
 * Guarantees: pure; a function of spec and record. A secret has no value here, ever: it is a
 * variable that the kubelet fills.
 */

import type { FlowSpec, InputParameter, Json, Step } from '../spec/flowSpec.ts';
import type { FlowRecord, Values } from '../state/record.ts';
import { implicitName } from './wantedOutputs.ts';

/** Letters first, so that no name is one of JavaScript's own. */
export const PARAMETER_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

type Recorded = Pick<FlowRecord, 'outputs' | 'inputs'>;

/** Null where an input has no value: the step cannot run. Without secrets. */
export function valuesOf(spec: FlowSpec, step: Step, record: Recorded): Values | null {
  const inputs: [string, string][] = [];
  for (const input of step.inputs) {
    if (input.from.kind === 'secret') continue;
    const value = inputValue(step, input, record) ?? input.fallback;
    if (value === null) return null;
    inputs.push([input.name, value]);
  }
  const secrets = new Set(step.inputs.filter(({ from }) => from.kind === 'secret').map(({ name }) => name));
  const shared = Object.entries(spec.parameters).filter(([name]) => !secrets.has(name));
  return Object.fromEntries([...shared, ...inputs]);
}

function inputValue(step: Step, { name, from }: InputParameter, { outputs, inputs }: Recorded): string | null {
  switch (from.kind) {
    case 'value':
      return from.value;
    case 'output':
      return textAt(outputs, from.step, from.name);
    case 'jobStatus':
      return textAt(outputs, from.step, implicitName(from.path));
    case 'configMap':
      return textAt(inputs, step.name, name);
    case 'secret':
      return null;
  }
}

function textAt(byStep: Readonly<Record<string, Values>>, step: string, name: string): string | null {
  const values = Object.hasOwn(byStep, step) ? byStep[step] : undefined;
  return values !== undefined && Object.hasOwn(values, name) ? (values[name] ?? null) : null;
}

/** Variables of each container: `PARAM_REGION`. A secret is a reference to its key. */
export function variablesOf(values: Values, step: Step): readonly Json[] {
  const plain = Object.entries(values).map(([name, value]) => ({
    name: variableName(name),
    value: escapeVariable(value),
  }));
  const secrets = step.inputs.flatMap(({ name, from }) =>
    from.kind === 'secret'
      ? [{ name: variableName(name), valueFrom: { secretKeyRef: { name: from.name, key: from.key } } }]
      : [],
  );
  return [...plain, ...secrets];
}

export function variableName(parameter: string): string {
  return `PARAM_${parameter.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/**
 * A kubelet expands `$(NAME)` in the value of a variable, and takes `$$` for a dollar.
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
function escapeVariable(value: string): string {
  return value.replaceAll('$(', '$$$$(');
}
