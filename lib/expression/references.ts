/**
 * Finds what a condition names: functions, steps, parameters.
 *
 * The type checker of the package would find an unknown step, too. It cannot say that the step
 * exists and comes later, or that a name with a dash needs brackets.
 */

import type { ASTNode } from '@marcbachmann/cel-js';
import { comprehensions, whyRefused } from './functions.ts';
import type { ConditionProblem, ConditionScope } from './scope.ts';
import { childrenOf, nodesOf } from './syntaxTree.ts';

/** Three nested loops over lists are a program, and belong into a step. */
const MAX_NESTED_COMPREHENSIONS = 2;

export interface References {
  /** Sorted, no duplicates. */
  readonly steps: readonly string[];
  readonly parameters: readonly string[];
}

export function findForbidden(ast: ASTNode): ConditionProblem | null {
  for (const node of nodesOf(ast)) {
    const name = calledName(node);
    const reason = name === null ? null : whyRefused(name);
    if (reason !== null) return { kind: 'problem', message: reason, at: node.range.start };
  }
  if (nestingOf(ast) > MAX_NESTED_COMPREHENSIONS) {
    const message = `nests more than ${MAX_NESTED_COMPREHENSIONS} of ${[...comprehensions].join(', ')}`;
    return { kind: 'problem', message, at: ast.range.start };
  }
  return null;
}

export function readReferences(ast: ASTNode, scope: ConditionScope): References | ConditionProblem {
  const steps = new Set<string>();
  const parameters = new Set<string>();
  const problems: ConditionProblem[] = [];
  const visit = (node: ASTNode): void => {
    const owner = node.op === '.' || node.op === '[]' ? node.args[0] : null;
    if (owner?.op === 'id' && (owner.args === 'steps' || owner.args === 'params')) {
      const isStep = owner.args === 'steps';
      const name = selectedName(node);
      const message = isStep ? whyNoStep(name, node, scope) : whyNoParameter(name, scope);
      if (message !== null || name === null)
        problems.push({ kind: 'problem', message: message ?? '', at: node.range.start });
      else (isStep ? steps : parameters).add(name);
      return;
    }
    if (node.op === 'id' && (node.args === 'steps' || node.args === 'params')) {
      const message = `${node.args} must be followed by a name, as ${node.args}['name']`;
      problems.push({ kind: 'problem', message, at: node.range.start });
    }
    for (const child of childrenOf(node)) visit(child);
  };
  visit(ast);
  return problems[0] ?? { steps: [...steps].sort(), parameters: [...parameters].sort() };
}

/** Not one of the same name that a comprehension gives to its elements. */
export function readsVariable(node: ASTNode, name: string): boolean {
  if (node.op === 'id') return node.args === name;
  if (node.op !== 'rcall' || !comprehensions.has(node.args[0]))
    return childrenOf(node).some((child) => readsVariable(child, name));
  const [, range, [variable, ...bodies]] = node.args;
  const isHidden = variable?.op === 'id' && variable.args === name;
  return readsVariable(range, name) || (!isHidden && bodies.some((body) => readsVariable(body, name)));
}

/** Null where the name is computed: what it names could not be checked before the flow runs. */
function selectedName(node: ASTNode): string | null {
  if (node.op === '.') return node.args[1];
  if (node.op !== '[]') return null;
  const [, index] = node.args;
  return index.op === 'value' && typeof index.args === 'string' ? index.args : null;
}

function whyNoStep(name: string | null, node: ASTNode, { steps, allSteps }: ConditionScope): string | null {
  if (name === null) return "steps['name'] takes a text, not an expression";
  if (steps.has(name)) return null;
  if (allSteps.has(name)) return `step "${name}" may not have ended by then; name it in dependencies`;
  const rest = node.input.slice(node.range.start);
  const dashed = [...allSteps].filter((each) => each.includes('-') && rest.startsWith(`steps.${each}`));
  const longest = dashed.sort((a, b) => b.length - a.length)[0];
  if (longest !== undefined) return `steps.${longest} is a subtraction in CEL; write steps['${longest}']`;
  return `there is no step "${name}"`;
}

function whyNoParameter(name: string | null, { parameters }: ConditionScope): string | null {
  if (name === null) return "params['name'] takes a text, not an expression";
  return parameters.has(name) ? null : `there is no parameter "${name}" in spec.parameters`;
}

function calledName(node: ASTNode): string | null {
  return node.op === 'call' || node.op === 'rcall' ? node.args[0] : null;
}

/** A chain `a.map(…).filter(…)` is not nested: only what runs once for each element is. */
function nestingOf(node: ASTNode): number {
  const deepest = (nodes: readonly ASTNode[]) => Math.max(0, ...nodes.map(nestingOf));
  if (node.op !== 'rcall' || !comprehensions.has(node.args[0])) return deepest(childrenOf(node));
  const [, range, bodies] = node.args;
  return Math.max(nestingOf(range), deepest(bodies) + 1);
}
