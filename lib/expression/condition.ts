/**
 * Reads a condition of a flow, which is written in CEL, and evaluates it.
 *
 * Guarantees: what it accepts names only known values, gives true or false, and has a bound on its
 * cost that holds for every input (costBound.ts). It has no access to anything but the values that
 * it is given. A problem says where in the text it is.
 * Does not guarantee that an evaluation succeeds: `1 / params.x` may still divide by zero.
 * Source: https://github.com/google/cel-spec/blob/master/doc/langdef.md ;
 * docs/decisions/conditions.md
 */

import { type ASTNode, Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js';
import { costBound, MAX_COST } from './costBound.ts';
import { celFromGoTemplate } from './goTemplate.ts';
import { findForbidden, type References, readReferences, readsVariable } from './references.ts';
import type { ConditionProblem, ConditionScope } from './scope.ts';
import { aBool, aList, aText, type Wanted } from './wanted.ts';

/** A CRD bounds it, too. A longer one is a program, and belongs into a step. */
export const MAX_CONDITION_LENGTH = 1_024;
/** What 1,024 characters of ordinary conditions need is below 300. */
const MAX_NODES = 500;
const MAX_DEPTH = 32;

/** The words of the Go zen-flow that are not CEL. `true` and `false` are. */
const WORDS: Readonly<Record<string, string>> = { always: 'true', never: 'false' };

const stepType = { phase: 'string', reason: 'string', exitCode: 'int', attempts: 'int' } as const;

type StepType = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

function typeOf(step: string, { outputs }: ConditionScope): StepType {
  const names = outputs.get(step) ?? [];
  if (names.length === 0) return { ...stepType };
  return { ...stepType, outputs: Object.fromEntries(names.map((name) => [name, 'string'])) };
}

export interface StepValue {
  readonly phase: string;
  /** Empty where there is none. */
  readonly reason: string;
  /** -1 where it is not known. */
  readonly exitCode: number;
  readonly attempts: number;
  /** What it gave; a name that is missing reads as the empty text. */
  readonly outputs: Readonly<Record<string, string>>;
}

export interface ConditionValues {
  readonly flow: { readonly name: string; readonly namespace: string };
  readonly parameters: Readonly<Record<string, string>>;
  /** Holds at least what `stepNames` says. */
  readonly steps: Readonly<Record<string, StepValue>>;
  /** What a retry condition reads. */
  readonly ended?: { readonly exitCode: number; readonly reason: string; readonly attempt: number };
  /** The item that is decided about, where the scope has one. */
  readonly item?: string;
}

export type Outcome<Value = boolean> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'error'; readonly message: string };

export interface Expression<Value> {
  readonly kind: 'expression';
  /** The steps that it reads, sorted, no duplicates. */
  readonly stepNames: readonly string[];
  /** It decides about each item by itself. */
  readonly readsItem: boolean;
  /** An upper bound of what evaluating it for an item of this length costs (costBound.ts). */
  costOfItem(length: number): number;
  evaluate(values: ConditionValues): Outcome<Value>;
}

export type Condition = Expression<boolean>;

export function parseCondition(text: string, scope: ConditionScope): Condition | ConditionProblem {
  return parseExpression(text, scope, aBool);
}

export function parseText(text: string, scope: ConditionScope): Expression<string> | ConditionProblem {
  return parseExpression(text, scope, aText);
}

export function parseList(text: string, scope: ConditionScope): Expression<readonly string[]> | ConditionProblem {
  return parseExpression(text, scope, aList);
}

function parseExpression<Value>(
  text: string,
  scope: ConditionScope,
  wanted: Wanted<Value>,
): Expression<Value> | ConditionProblem {
  const source = WORDS[text.trim()] ?? text;
  if (source.length > MAX_CONDITION_LENGTH) {
    return problem(`has ${source.length} characters; ${MAX_CONDITION_LENGTH} are allowed`, null);
  }
  if (source.includes('{{')) return problem(explainGoTemplate(source), source.indexOf('{{'));
  const ast = parseSource(source);
  if ('kind' in ast) return ast;
  const forbidden = findForbidden(ast);
  if (forbidden !== null) return forbidden;
  const references = readReferences(ast, scope);
  if ('kind' in references) return references;
  if (scope.hasItem !== true && readsVariable(ast, 'item')) {
    return problem('item is known in the `when` of a step with forEach alone', ast.range.start);
  }
  const { cost } = costBound(ast);
  if (cost > MAX_COST) {
    return problem('could take too long: its lists and texts multiply; do this in a step', 0);
  }
  return typeCheck({ source, ast, references, scope }, wanted);
}

interface Read {
  readonly source: string;
  readonly ast: ASTNode;
  readonly references: References;
  readonly scope: ConditionScope;
}

function parseSource(source: string): ASTNode | ConditionProblem {
  try {
    return new Environment({ limits: { maxAstNodes: MAX_NODES, maxDepth: MAX_DEPTH } }).parse(source).ast;
  } catch (error) {
    if (error instanceof ParseError) return problem(error.summary, error.range?.start ?? null);
    throw error;
  }
}

function typeCheck<Value>(
  { source, ast, references: { steps, parameters }, scope }: Read,
  wanted: Wanted<Value>,
): Expression<Value> | ConditionProblem {
  const environment = new Environment({ limits: { maxAstNodes: MAX_NODES, maxDepth: MAX_DEPTH } })
    .registerVariable({ name: 'flow', schema: { name: 'string', namespace: 'string' } })
    .registerVariable({ name: 'steps', schema: Object.fromEntries(steps.map((name) => [name, typeOf(name, scope)])) })
    .registerVariable({ name: 'params', schema: Object.fromEntries(parameters.map((name) => [name, 'string'])) });
  if (scope.isRetry) {
    environment
      .registerVariable('exitCode', 'int')
      .registerVariable('reason', 'string')
      .registerVariable('attempt', 'int');
  }
  if (scope.hasItem === true) environment.registerVariable('item', 'string');
  const parsed = environment.parse(source);
  const { valid, type, error } = parsed.check();
  if (!valid) {
    const summary = error instanceof Error && 'summary' in error ? String(error.summary) : 'is not valid';
    return problem(summary, error?.range?.start ?? null);
  }
  if (type === undefined || !wanted.accepts(type)) return problem(`gives ${type}, not ${wanted.what}`, 0);
  return {
    kind: 'expression',
    stepNames: steps,
    readsItem: scope.hasItem === true && readsVariable(ast, 'item'),
    costOfItem: (length) => costBound(ast, new Map([['item', length + 1]])).cost,
    evaluate: (values) => evaluate(() => parsed(toContext(values, steps, parameters, scope)), wanted),
  };
}

function toContext(
  values: ConditionValues,
  steps: readonly string[],
  parameters: readonly string[],
  { outputs }: ConditionScope,
): object {
  const { ended, item } = values;
  return {
    ...(item !== undefined && { item }),
    flow: values.flow,
    steps: Object.fromEntries(steps.map((name) => [name, toStep(values.steps[name], outputs.get(name) ?? [])])),
    params: Object.fromEntries(parameters.map((name) => [name, values.parameters[name] ?? ''])),
    ...(ended !== undefined && {
      exitCode: BigInt(ended.exitCode),
      reason: ended.reason,
      attempt: BigInt(ended.attempt),
    }),
  };
}

/** CEL's integers are 64 bits wide, which the evaluator holds as bigint. */
function toStep(step: StepValue | undefined, outputs: readonly string[]): object {
  const given = step?.outputs ?? {};
  const textOf = (name: string) => (Object.hasOwn(given, name) ? (given[name] ?? '') : '');
  return {
    phase: step?.phase ?? '',
    reason: step?.reason ?? '',
    exitCode: BigInt(step?.exitCode ?? -1),
    attempts: BigInt(step?.attempts ?? 0),
    ...(outputs.length > 0 && { outputs: Object.fromEntries(outputs.map((name) => [name, textOf(name)])) }),
  };
}

function evaluate<Value>(run: () => unknown, { what, take }: Wanted<Value>): Outcome<Value> {
  try {
    const value = take(run());
    return value === null ? { kind: 'error', message: `gives something else than ${what}` } : { kind: 'value', value };
  } catch (error) {
    if (error instanceof EvaluationError) return { kind: 'error', message: error.summary };
    throw error;
  }
}

function explainGoTemplate(source: string): string {
  const cel = celFromGoTemplate(source);
  const way = cel === null ? "write it in CEL, as steps['build'].phase == 'Succeeded'" : `write it in CEL: ${cel}`;
  return `is a Go template, which zen-flow does not run; ${way}`;
}

function problem(message: string, at: number | null): ConditionProblem {
  return { kind: 'problem', message, at };
}
