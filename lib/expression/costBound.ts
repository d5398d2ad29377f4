/**
 * Bounds what evaluating a condition can cost, whatever the values of parameters and steps are.
 *
 * The CEL package limits the size of the text and not the work. `[x].map(y, y + y)` doubles a text,
 * and a chain of such maps doubles it as often as the text has room for. A clock could end that,
 * but then the same input would give different results on different machines.
 *
 * Guarantees: pure. Never lower than the cost, in rough units of one copied character.
 */

import type { ASTNode } from '@marcbachmann/cel-js';
import { comprehensions } from './functions.ts';
import { childrenOf } from './syntaxTree.ts';

/**
 * Half a million evaluated nodes, which is some tenths of a second, or one search for a parameter
 * in another one. Ordinary conditions stay under 10,000 units.
 */
export const MAX_COST = 2 ** 25;

/** Evaluating one node takes as long as copying about 64 characters. */
const NODE_COST = 64;

/** The longest value of a parameter. Phases and reasons are much shorter. */
const MAX_TEXT = 4_096;

interface Bound {
  readonly cost: number;
  /** Characters of a text, or of all elements of a list. */
  readonly size: number;
  /** Elements of a list. */
  readonly count: number;
  /** The size of the largest element. */
  readonly element: number;
}

export function costBound(node: ASTNode, variables: ReadonlyMap<string, number> = new Map()): Bound {
  if (node.op === 'rcall' && comprehensions.has(node.args[0])) return boundComprehension(node, variables);
  const parts = childrenOf(node).map((child) => costBound(child, variables));
  const shape = shapeOf(node, parts, variables);
  const copied = isReference(node) ? 0 : shape.size;
  const cost = sumOf(parts, 'cost') + NODE_COST + copied + workOf(node, parts);
  return { ...shape, cost };
}

/** Names a value, and copies nothing of it. */
function isReference({ op }: ASTNode): boolean {
  return op === 'id' || op === '.' || op === '[]';
}

/** `range.map(x, body)`, and `range.map(x, filter, body)`. */
function boundComprehension(node: ASTNode & { op: 'rcall' }, variables: ReadonlyMap<string, number>): Bound {
  const [name, receiver, [variable, ...bodies]] = node.args;
  const range = costBound(receiver, variables);
  const inner = new Map(variables);
  if (variable?.op === 'id') inner.set(variable.args, range.element);
  const parts = bodies.map((body) => costBound(body, inner));
  const once = sumOf(parts, 'cost') + NODE_COST;
  const element = name === 'map' ? Math.max(1, ...parts.map((part) => part.size)) : range.element;
  const count = name === 'map' || name === 'filter' ? range.count : 1;
  const size = count * (element + 1);
  return { cost: range.cost + range.count * once + size, size, count, element };
}

type Shape = Omit<Bound, 'cost'>;

function shapeOf(node: ASTNode, parts: readonly Bound[], variables: ReadonlyMap<string, number>): Shape {
  const size = sumOf(parts, 'size') + 1;
  const element = Math.max(1, ...parts.map((part) => part.element));
  switch (node.op) {
    case 'value':
      return oneOf(typeof node.args === 'string' ? node.args.length + 1 : 1);
    case 'id':
      return oneOf(variables.get(node.args) ?? MAX_TEXT);
    case '.':
    case '[]':
      return oneOf(Math.max(MAX_TEXT, size));
    case 'list':
    case 'map':
      return {
        size: size + parts.length,
        count: parts.length,
        element: Math.max(1, ...parts.map((part) => part.size)),
      };
    case '+':
    case '?:':
      return { size, count: sumOf(parts, 'count'), element };
    // Of `string(1.5)`, too: 32 characters hold every number.
    default:
      return oneOf(size + 32);
  }
}

/** What may be a text, or a list of that many elements. */
function oneOf(size: number): Shape {
  return { size, count: size, element: size };
}

function sumOf(parts: readonly Bound[], key: keyof Bound): number {
  return parts.reduce((sum, part) => sum + part[key], 0);
}

/** Searching a text for another one takes, at worst, as long as one times the other. */
function workOf(node: ASTNode, parts: readonly Bound[]): number {
  const searches = node.op === 'in' || (node.op === 'rcall' && node.args[0] === 'contains');
  return searches ? parts.reduce((result, part) => result * part.size, 1) : 0;
}
