/**
 * Finds what is wrong with the data of a flow: parameters, inputs, outputs, items, memos.
 *
 * Guarantees: pure. A flow without a problem here names only parameters that exist, and reads only
 * outputs of steps that have ended by then.
 */

import { fitItems } from '../data/items.ts';
import { parseJsonPath } from '../data/jsonPath.ts';
import { PARAMETER_NAME, variableName } from '../data/parameters.ts';
import { findReferences, type Reference } from '../data/references.ts';
import { checkArtifacts } from './checkArtifacts.ts';
import type { FlowSpec, InputParameter, JsonObject, Step } from './flowSpec.ts';
import { limits } from './limits.ts';
import type { Names } from './order.ts';
import { readableSteps } from './readableSteps.ts';
import { stepNamed } from './stepNamed.ts';

type Report = (path: string, message: string, severity?: 'error' | 'warning') => void;

export function checkData(spec: FlowSpec, report: Report): void {
  checkNames(Object.keys(spec.parameters), 'spec.parameters', 'parameter', (name) => `spec.parameters.${name}`, report);
  const references = referencesOfShared(spec);
  for (const list of ['steps', 'finally'] as const) {
    for (const [index, step] of spec[list].entries()) {
      const path = `spec.${list}[${index}]`;
      if (step.type === 'Manual') checkManual(step, path, report);
      else checkStep(spec, step, path, references, report);
    }
  }
}

function checkManual(step: Step, path: string, report: Report): void {
  const given = {
    'inputs.parameters': step.inputs.length > 0,
    'outputs.parameters': step.outputs.length > 0,
    'inputs.artifacts': step.inputArtifacts.length > 0,
    'outputs.artifacts': step.outputArtifacts.length > 0,
    forEach: step.forEach !== null,
    memoize: step.memoize !== null,
    once: step.once,
  };
  for (const [field, isGiven] of Object.entries(given))
    if (isGiven) report(`${path}.${field}`, 'is not for a Manual step, which runs no Job');
}

function checkStep(spec: FlowSpec, step: Step, path: string, shared: SharedReferences, report: Report): void {
  const names = step.inputs.map(({ name }) => name);
  checkNames(names, `${path}.inputs.parameters`, 'input', (_, at) => `${path}.inputs.parameters[${at}].name`, report);
  checkVariables(spec, names, `${path}.inputs.parameters`, report);
  const outputs = step.outputs.map(({ name }) => name);
  checkNames(
    outputs,
    `${path}.outputs.parameters`,
    'output',
    (_, at) => `${path}.outputs.parameters[${at}].name`,
    report,
  );
  const before = readableSteps(spec, step);
  for (const [index, input] of step.inputs.entries())
    checkInput(spec, input, before, `${path}.inputs.parameters[${index}].valueFrom`, report);
  for (const [index, { from }] of step.outputs.entries()) {
    const text = from.kind === 'configMap' ? null : from.path;
    if (text !== null && parseJsonPath(text) === null)
      report(`${path}.outputs.parameters[${index}].valueFrom`, badPath(text));
  }
  checkArtifacts(spec, step, path, report);
  checkReferences(spec, step, path, shared, report);
  if (step.forEach !== null) checkForEach(step, path, report);
}

function checkNames(
  names: readonly string[],
  path: string,
  what: string,
  at: (name: string, index: number) => string,
  report: Report,
): void {
  const seen = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const place = at(name, index);
    if (!PARAMETER_NAME.test(name)) {
      report(place, `"${name}" must have a letter and then up to 62 of A-Z, a-z, 0-9, - and _`);
      continue;
    }
    const other = seen.get(variableName(name));
    if (other === name) report(place, `"${name}" is the name of another ${what}, too`);
    else if (other !== undefined && what !== 'output')
      report(path, `"${other}" and "${name}" are both ${variableName(name)} as a variable`);
    seen.set(variableName(name), name);
  }
}

/** An input of the same name is meant: it counts before the parameter. */
function checkVariables({ parameters }: FlowSpec, names: readonly string[], path: string, report: Report): void {
  if (names.length === 0) return;
  const shared = new Map(Object.keys(parameters).map((name) => [variableName(name), name]));
  for (const [index, name] of names.entries()) {
    const other = shared.get(variableName(name));
    if (other !== undefined && other !== name)
      report(
        `${path}[${index}].name`,
        `"${name}" and spec.parameters.${other} are both ${variableName(name)} as a variable`,
      );
  }
}

function checkInput(spec: FlowSpec, { from }: InputParameter, before: Names, path: string, report: Report): void {
  if (from.kind !== 'output' && from.kind !== 'jobStatus') return;
  const field = from.kind === 'output' ? 'output.step' : 'jsonPath';
  const step = stepNamed(spec, from.step);
  if (step === undefined) report(`${path}.${field}`, `there is no step "${from.step}"`);
  else if (!before.has(from.step))
    report(`${path}.${field}`, `step "${from.step}" may not have ended by then; name it in dependencies`);
  else if (step.type === 'Manual') report(`${path}.${field}`, `step "${from.step}" is Manual, and has no Job`);
  else if (from.kind === 'jobStatus' && parseJsonPath(from.path) === null)
    report(`${path}.${field}`, badPath(from.path));
  else if (from.kind === 'output' && !step.outputs.some(({ name }) => name === from.name))
    report(`${path}.output.name`, `step "${from.step}" has no output "${from.name}"`);
}

function badPath(text: string): string {
  return `"${text}" is not a path, as $.conditions[0].reason or $.conditions[?(@.type=="Complete")].message`;
}

type SharedReferences = ReadonlyMap<string, readonly Reference[]>;

/** A thousand steps may share a template of half a megabyte. */
function referencesOfShared({ templates }: FlowSpec): SharedReferences {
  return new Map(
    templates.map(({ name, template }, index) => [name, namedOnce(template, `spec.templates[${index}].template`)]),
  );
}

/** More names than a step can have parameters: one of so many is unknown. */
const MAX_NAMES = limits.parameters + limits.inputs + 1;

/** The first place of each name. */
function namedOnce(template: JsonObject, path: string): readonly Reference[] {
  const byName = new Map<string, Reference>();
  for (const reference of findReferences(template, path))
    if (!byName.has(reference.name)) byName.set(reference.name, reference);
  return [...byName.values()].slice(0, MAX_NAMES);
}

function checkReferences(spec: FlowSpec, step: Step, path: string, shared: SharedReferences, report: Report): void {
  const references =
    step.template === null ? (shared.get(step.templateRef ?? '') ?? []) : namedOnce(step.template, `${path}.template`);
  const inputs = new Map(step.inputs.map((input) => [input.name, input]));
  for (const { name, path: at } of references) {
    const input = inputs.get(name);
    if (input?.from.kind === 'secret')
      report(at, `"${name}" is a secret, and zen-flow reads none; the container has it as ${variableName(name)}`);
    else if (input === undefined && !Object.hasOwn(spec.parameters, name))
      report(at, `there is no parameter "${name}" in spec.parameters or in the inputs of step "${step.name}"`);
  }
}

function checkForEach(step: Step, path: string, report: Report): void {
  const { items } = step.forEach ?? {};
  if (items != null && !fitItems(items)) report(`${path}.forEach.items`, 'has more than 512 KiB');
  if (step.retry?.when != null)
    report(`${path}.retryPolicy.when`, 'is not for a step with forEach: Kubernetes tries each item again by itself');
  for (const [index, { from }] of step.outputs.entries()) {
    if (from.kind !== 'terminationMessage') continue;
    const why = 'is not for a step with forEach, whose items have a message each; let the step write a ConfigMap';
    report(`${path}.outputs.parameters[${index}].valueFrom.terminationMessage`, why);
  }
}
