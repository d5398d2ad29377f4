/**
 * Parses label selectors: `app=db,tier!=cache,x in (a,b),!y,z notin (q)`. Parsing happens once a
 * request, matching once an object.
 *
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */

import { fieldsAt, textAt } from './json.ts';
import type { KubeObject } from './kubeObject.ts';
import { badRequest } from './statusError.ts';

export type ObjectPredicate = (object: KubeObject) => boolean;

interface Requirement {
  readonly key: string;
  readonly isWanted: (value: string | undefined) => boolean;
}

/** Throws a 400 in the API server's words. An empty selector matches everything. */
export function parseLabelSelector(text: string): ObjectPredicate | null {
  const tokens = text.match(/==|!=|[(),!=<>]|[^\s(),!=<>]+/g) ?? [];
  if (tokens.length === 0) return null;
  const requirements: Requirement[] = [];
  const reader = createReader(tokens);
  do requirements.push(readRequirement(reader));
  while (reader.accept(','));
  if (reader.peek() !== '') throw badRequest(`found '${reader.peek()}', expected: ',' or 'end of string'`);
  return (object) => {
    const labels = fieldsAt(object.metadata, 'labels');
    return requirements.every(({ key, isWanted }) => isWanted(textAt(labels, key)));
  };
}

interface Reader {
  readonly peek: () => string;
  readonly take: () => string;
  readonly accept: (token: string) => boolean;
}

function createReader(tokens: readonly string[]): Reader {
  let at = 0;
  const peek = () => tokens[at] ?? '';
  const take = () => tokens[at++] ?? '';
  const accept = (token: string) => {
    const isThere = peek() === token;
    if (isThere) at += 1;
    return isThere;
  };
  return { peek, take, accept };
}

function readRequirement(reader: Reader): Requirement {
  if (reader.accept('!')) return { key: readKey(reader), isWanted: (value) => value === undefined };
  const key = readKey(reader);
  const operator = reader.peek();
  switch (operator) {
    case '':
    case ',':
      return { key, isWanted: (value) => value !== undefined };
    case '=':
    case '==':
    case '!=': {
      reader.take();
      const wanted = isPunctuation(reader.peek()) ? '' : reader.take();
      return { key, isWanted: (value) => (value === wanted) === (operator !== '!=') };
    }
    case 'in':
    case 'notin': {
      reader.take();
      const wanted = readValues(reader);
      return {
        key,
        isWanted: (value) => (value !== undefined && wanted.has(value)) === (operator === 'in'),
      };
    }
    case '>':
    case '<': {
      reader.take();
      const bound = Number(reader.take());
      return {
        key,
        isWanted: (value) => value !== undefined && (operator === '>' ? Number(value) > bound : Number(value) < bound),
      };
    }
    default:
      throw badRequest(`unable to parse requirement: found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function readKey(reader: Reader): string {
  if (isPunctuation(reader.peek())) {
    throw badRequest(`unable to parse requirement: found '${reader.peek()}', expected: identifier`);
  }
  return reader.take();
}

function readValues(reader: Reader): ReadonlySet<string> {
  if (!reader.accept('(')) throw badRequest(`unable to parse requirement: found '${reader.peek()}', expected: '('`);
  const values = new Set<string>();
  do values.add(isPunctuation(reader.peek()) ? '' : reader.take());
  while (reader.accept(','));
  if (!reader.accept(')')) {
    throw badRequest(`unable to parse requirement: found '${reader.peek()}', expected: ',' or ')'`);
  }
  return values;
}

function isPunctuation(token: string): boolean {
  return token === '' || /^[(),!=<>]/.test(token);
}
