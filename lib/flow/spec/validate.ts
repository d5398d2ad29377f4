/**
 * Finds what is wrong with a flow as a whole: names, dependencies, cycles, templates, conditions.
 *
 * Guarantees: pure. Problems come in the order of the spec. A flow without an error among them has
 * an order, and each of its conditions can be evaluated.
 * Does not guarantee that the API server accepts each Job.
 */

import { templateOf } from '../data/renderTemplate.ts';
import { checkData } from './checkData.ts';
import { checkMemo } from './checkMemo.ts';
import { parseItems, parseKey, parseRetryWhen, parseWhen } from './conditions.ts';
import { isObject } from './fieldReader.ts';
import type { FlowSpec, JsonObject, Problem, Step } from './flowSpec.ts';
import { orderSteps } from './order.ts';

const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,50}[a-z0-9])?$/;

export function validate(spec: FlowSpec): readonly Problem[] {
  const problems: Problem[] = [];
  const report = (path: string, message: string, severity: Problem['severity'] = 'error'): void => {
    problems.push({ severity, path, message });
  };
  const templates = new Set(spec.templates.map(({ name }) => name));
  const doubled = doubledOf([...spec.steps, ...spec.finally].map(({ name }) => name));
  const sharedBy = (has: (step: Step) => boolean) =>
    new Set([...spec.steps, ...spec.finally].filter(has).map(({ templateRef }) => templateRef));
  const [perItem, once] = [sharedBy(({ forEach }) => forEach !== null), sharedBy((step) => step.once)];
  const ofTemplates = doubledOf(spec.templates.map(({ name }) => name));
  for (const [index, { name, template }] of spec.templates.entries()) {
    const path = `spec.templates[${index}]`;
    checkName(name, 'template', ofTemplates, path, report);
    checkTemplate(template, `${path}.template`, spec, { isPerItem: perItem.has(name), isOnce: once.has(name) }, report);
  }
  checkFailIndex(spec, report);
  for (const list of ['steps', 'finally'] as const) {
    const known = new Set(spec[list].map(({ name }) => name));
    for (const [index, step] of spec[list].entries()) {
      const path = `spec.${list}[${index}]`;
      checkName(step.name, 'step', doubled, path, report);
      checkDependencies(step, known, list, path, report);
      checkWork(step, templates, path, spec, report);
      if (step.type === 'Manual') checkManual(step, path, report);
    }
    const { cycle } = orderSteps(spec[list]);
    if (cycle !== null) report(`spec.${list}`, `dependencies go in a circle: ${cycle.join(' -> ')}`);
  }
  checkData(spec, report);
  checkMemo(spec, report);
  // A condition may name what comes before it, which a circle or a doubled name leaves open.
  if (!problems.some(({ severity }) => severity === 'error')) checkConditions(spec, report);
  return problems;
}

type Report = (path: string, message: string, severity?: Problem['severity']) => void;

function doubledOf(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.filter((name, index) => names.indexOf(name) !== index));
}

function checkName(
  name: string,
  what: 'step' | 'template',
  doubled: ReadonlySet<string>,
  path: string,
  report: Report,
): void {
  if (name === '') report(`${path}.name`, 'is missing');
  else if (!LABEL.test(name)) {
    report(`${path}.name`, `"${name}" must have 1 to 52 of a-z, 0-9 and -, with a letter or digit at both ends`);
  } else if (doubled.has(name)) report(`${path}.name`, `"${name}" is the name of another ${what}, too`);
}

function checkDependencies(
  step: Step,
  known: ReadonlySet<string>,
  list: 'steps' | 'finally',
  path: string,
  report: Report,
): void {
  for (const [index, name] of step.dependencies.entries()) {
    const at = `${path}.dependencies[${index}]`;
    if (name === '') report(at, 'is empty');
    else if (name === step.name) report(at, `step "${name}" depends on itself`);
    else if (!known.has(name)) {
      const what =
        list === 'finally'
          ? 'there is no such step in spec.finally, which follows all of spec.steps'
          : 'there is no such step';
      report(at, `"${name}": ${what}`);
    } else if (step.dependencies.indexOf(name) !== index) report(at, `"${name}" is named twice`);
  }
}

function checkWork(step: Step, templates: ReadonlySet<string>, path: string, spec: FlowSpec, report: Report): void {
  if (step.type === 'Manual') return;
  if (step.template !== null && step.templateRef !== null)
    report(path, 'has template and templateRef; one of them is allowed');
  else if (step.template === null && step.templateRef === null) report(path, 'needs template or templateRef');
  else if (step.templateRef !== null && !templates.has(step.templateRef))
    report(`${path}.templateRef`, `there is no template "${step.templateRef}" in spec.templates`);
  const uses = { isPerItem: step.forEach !== null, isOnce: step.once };
  if (step.template !== null) checkTemplate(step.template, `${path}.template`, spec, uses, report);
  if (step.message !== null) report(`${path}.message`, 'is read of a Manual step only', 'warning');
}

function checkManual(step: Step, path: string, report: Report): void {
  for (const key of ['template', 'templateRef', 'retry', 'timeoutMs'] as const) {
    const field = {
      template: 'template',
      templateRef: 'templateRef',
      retry: 'retryPolicy',
      timeoutMs: 'timeoutSeconds',
    }[key];
    const way = key === 'timeoutMs' ? '; approval.timeoutSeconds bounds the wait' : '';
    if (step[key] !== null) report(`${path}.${field}`, `is not for a Manual step, which runs no Job${way}`);
  }
}

/** What would make each Job of it fail, or what zen-flow itself decides. */
function checkTemplate(
  template: JsonObject,
  path: string,
  { policy }: FlowSpec,
  { isPerItem, isOnce }: { readonly isPerItem: boolean; readonly isOnce: boolean },
  report: Report,
): void {
  const { apiVersion, kind, metadata, spec } = template;
  if ((apiVersion ?? 'batch/v1') !== 'batch/v1' || (kind ?? 'Job') !== 'Job') report(path, 'must be a Job of batch/v1');
  if (isObject(metadata) && (isGiven(metadata, 'name') || isGiven(metadata, 'generateName')))
    report(`${path}.metadata`, 'its name is not used: zen-flow names each Job after flow, step and attempt', 'warning');
  if (!isObject(spec)) {
    report(`${path}.spec`, 'is missing');
    return;
  }
  if (isOnce && spec['suspend'] === true)
    report(`${path}.spec.suspend`, 'cannot be true where a step has once, which releases its Job');
  if (isGiven(spec, 'ttlSecondsAfterFinished'))
    report(
      `${path}.spec.ttlSecondsAfterFinished`,
      'would delete the Job before its end is seen; use executionPolicy.retainJobs',
    );
  const pod = isObject(spec['template']) ? spec['template']['spec'] : undefined;
  if (!isObject(pod)) {
    report(`${path}.spec.template.spec`, 'is missing');
    return;
  }
  const containers = pod['containers'];
  if (!Array.isArray(containers) || containers.length === 0)
    report(`${path}.spec.template.spec.containers`, 'is empty');
  const restart = pod['restartPolicy'];
  if (restart !== 'Never' && restart !== 'OnFailure')
    report(`${path}.spec.template.spec.restartPolicy`, 'must be Never or OnFailure, as of every Job');
  if (isPerItem && restart === 'OnFailure')
    report(`${path}.spec.template.spec.restartPolicy`, 'must be Never where a step has forEach');
  if (policy.podFailurePolicy !== null && restart === 'OnFailure')
    report(`${path}.spec.template.spec.restartPolicy`, 'must be Never where executionPolicy has a podFailurePolicy');
}

/** As for the API server, `null` counts as absent. */
function isGiven(object: JsonObject, key: string): boolean {
  return (object[key] ?? null) !== null;
}

/** The API server refuses it in a Job whose indexes have no limit of their own. */
function checkFailIndex(spec: FlowSpec, report: Report): void {
  const rules = spec.policy.podFailurePolicy?.['rules'];
  const index = Array.isArray(rules) ? rules.findIndex((rule) => isObject(rule) && rule['action'] === 'FailIndex') : -1;
  if (index < 0) return;
  const whole = [...spec.steps, ...spec.finally].find((step) => {
    const job = templateOf(spec, step)?.['spec'];
    if (step.type === 'Manual' || step.forEach !== null || !isObject(job)) return false;
    return !isGiven(job, 'podFailurePolicy') && !isGiven(job, 'backoffLimitPerIndex');
  });
  const path = `spec.executionPolicy.podFailurePolicy.rules[${index}].action`;
  if (whole !== undefined) report(path, `FailIndex is for steps with forEach, and step "${whole.name}" has none`);
}

function checkConditions(spec: FlowSpec, report: Report): void {
  for (const list of ['steps', 'finally'] as const) {
    for (const [index, step] of spec[list].entries()) {
      const path = `spec.${list}[${index}]`;
      const texts = [
        { at: `${path}.when`, text: step.when, parse: parseWhen },
        { at: `${path}.retryPolicy.when`, text: step.retry?.when ?? null, parse: parseRetryWhen },
        { at: `${path}.forEach.from`, text: step.forEach?.from ?? null, parse: parseItems },
        { at: `${path}.memoize.key`, text: step.memoize?.key ?? null, parse: parseKey },
      ];
      for (const { at, text, parse } of texts) {
        const read = text === null ? null : parse(spec, step, text);
        if (read?.kind !== 'problem') continue;
        report(at, read.at === null ? read.message : `column ${read.at + 1}: ${read.message}`);
      }
    }
  }
}
