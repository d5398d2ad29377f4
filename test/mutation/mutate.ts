/**
 * mutate: rewrites one source file so that each of its mutants can be switched on while it runs.
 *
 * An expression becomes `(__on(7) ? mutant : original)`. All mutants of all files stand in one
 * bundle, which is built once.
 *
 * Does not guarantee every mutant that one could think of: types, imports, property names and prose
 * stay as they are.
 */

import { parseAst } from 'rolldown/parseAst';

export interface Mutant {
  readonly id: number;
  readonly file: string;
  readonly line: number;
  readonly original: string;
  readonly replacement: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const swaps: Readonly<Record<string, readonly string[]>> = {
  '===': ['!=='],
  '!==': ['==='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
};
const methodSwaps: Readonly<Record<string, string>> = { some: 'every', every: 'some', min: 'max', max: 'min' };
/** Calls that give back what they are called on, where they are taken away. */
const removable = new Set(['filter', 'toSorted', 'sort', 'slice', 'flatMap']);

/** `firstId`: ids go on from there, so that files do not share one. */
export function mutate(file: string, text: string, firstId: number): { text: string; mutants: readonly Mutant[] } {
  const mutants: Mutant[] = [];
  const source = (node: Node) => text.slice(node.start, node.end);

  function add(node: Node, replacement: string): string {
    const id = firstId + mutants.length;
    const line = text.slice(0, node.start).split('\n').length;
    mutants.push({ id, file, line, original: oneLine(source(node)), replacement: oneLine(replacement) });
    return `__on(${id}) ? ${replacement} : `;
  }

  /** The node with its children rewritten, and itself wrapped in the choice between its mutants. */
  function rewrite(node: Node): string {
    if (node.type.startsWith('TS') && node.type !== 'TSAsExpression' && node.type !== 'TSSatisfiesExpression')
      return source(node);
    if (node.type === 'ImportDeclaration' || node.type.startsWith('Export')) {
      const { declaration } = node;
      return isNode(declaration) ? splice(node, [declaration]) : source(node);
    }
    if (node.type === 'BlockStatement') return rewriteBlock(node);
    const inner = splice(node, childrenOf(node));
    const choices = replacementsOf(node).map((replacement) => add(node, replacement));
    return choices.length === 0 ? inner : `(${choices.join('')}${inner})`;
  }

  function splice(node: Node, children: readonly Node[]): string {
    let result = '';
    let end = node.start;
    for (const child of children.toSorted((a, b) => a.start - b.start)) {
      result += text.slice(end, child.start) + rewrite(child);
      end = child.end;
    }
    return result + text.slice(end, node.end);
  }

  /** Left out as a whole. A loop that another mutant made endless has to end: `__tick` throws. */
  function rewriteBlock(node: Node): string {
    const inner = splice(node, childrenOf(node)).slice(1, -1);
    const isEmpty = childrenOf(node).length === 0;
    if (isEmpty) return `{${inner}}`;
    const choice = add(node, '{}').replace(/ \?.*$/s, '');
    return `{ __tick(); if (!${choice}) {${inner}} }`;
  }

  function replacementsOf(node: Node): readonly string[] {
    switch (node.type) {
      case 'BinaryExpression':
      case 'LogicalExpression': {
        const [left, right] = [node['left'] as Node, node['right'] as Node];
        const swapped = (swaps[String(node['operator'])] ?? []).map(
          (operator) => `((${source(left)}) ${operator} (${source(right)}))`,
        );
        const sides = node.type === 'LogicalExpression' ? [`(${source(left)})`, `(${source(right)})`] : [];
        return [...swapped, ...sides];
      }
      case 'ConditionalExpression':
        return [`(${source(node['consequent'] as Node)})`, `(${source(node['alternate'] as Node)})`];
      case 'UnaryExpression':
        return node['operator'] === '!' || node['operator'] === '-' ? [`(${source(node['argument'] as Node)})`] : [];
      case 'Literal':
        return replaceLiteral(node, source(node));
      case 'TemplateLiteral':
        return isProse(source(node)) ? [] : ["''"];
      case 'ArrayExpression':
        return (node['elements'] as unknown[]).length === 0 ? [] : ['[]'];
      case 'ObjectExpression':
        return (node['properties'] as unknown[]).length === 0 ? [] : ['{}'];
      case 'ArrowFunctionExpression':
        return (node['body'] as Node).type === 'BlockStatement' ? [] : ['(() => undefined)'];
      case 'CallExpression':
        return replaceCall(node);
      default:
        return [];
    }
  }

  function replaceCall(node: Node): readonly string[] {
    const callee = node['callee'] as Node;
    if (callee.type !== 'MemberExpression') return [];
    const object = callee['object'] as Node;
    const name = source(callee['property'] as Node);
    const swapped = methodSwaps[name];
    const rest = text.slice((callee['property'] as Node).end, node.end);
    if (swapped !== undefined) return [`((${source(object)}).${swapped}${rest})`];
    return removable.has(name) ? [`(${source(object)})`] : [];
  }

  function childrenOf(node: Node): readonly Node[] {
    const children: Node[] = [];
    const typeKeys = new Set(['typeAnnotation', 'returnType', 'typeParameters', 'typeArguments', 'superTypeArguments']);
    for (const [key, value] of Object.entries(node)) {
      if (typeKeys.has(key)) continue;
      if (isNameOnly(node, key)) continue;
      const values = Array.isArray(value) ? value : [value];
      for (const each of values) if (isNode(each)) children.push(each);
    }
    // `{ name }`: there is no room for another value.
    return node['shorthand'] === true ? [] : children;
  }

  return { text: rewrite(parseAst(text, { lang: 'ts' }, file) as unknown as Node), mutants };
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** The name of a property is not a value. */
function isNameOnly(node: Node, key: string): boolean {
  const isMember = node.type === 'MemberExpression' || node.type.endsWith('Property');
  return isMember && (key === 'key' || key === 'property') && node['computed'] !== true;
}

function replaceLiteral(node: Node, text: string): readonly string[] {
  const value = node['value'];
  if (typeof value === 'boolean') return [String(!value)];
  if (typeof value === 'number') return [String(value + 1)];
  if (typeof value === 'string') return isProse(text) ? [] : [value === '' ? "'mutant'" : "''"];
  if (text.startsWith('/')) {
    const without = [text.replace(/^\/\^/, '/'), text.replace(/\$(\/[a-z]*)$/, '$1')];
    return without.filter((each) => each !== text && !each.startsWith('//'));
  }
  return [];
}

/** Messages for people are not mutated: they are compared where they are shown. */
function isProse(text: string): boolean {
  return text.includes(' ');
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 90 ? `${line.slice(0, 87)}...` : line;
}
