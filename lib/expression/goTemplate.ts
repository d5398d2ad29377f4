/**
 * Writes the CEL form of a condition that the Go zen-flow's examples have as a Go template:
 * `{{ eq .steps.build.phase "Succeeded" }}`.
 *
 * Guarantees: null for every template that it does not understand whole. The form goes into a
 * message; nothing runs it.
 */

const TOKEN = /\s*(\(|\)|"(?:[^"\\]|\\.)*"|\.[\w.-]+|[\w-]+)/y;
const OPERATORS: Readonly<Record<string, string>> = { eq: '==', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' };

export function celFromGoTemplate(text: string): string | null {
  const inner = innerOf(text.trim());
  const tokens = inner === null ? null : tokenize(inner);
  if (tokens === null) return null;
  const result = readCall(tokens);
  return result === null || tokens.length > 0 ? null : result;
}

/**
 * Returns what stands between the braces, where `{{-` and `-}}` count as braces. One pattern for
 * all of it takes cubic time: 1,000 spaces took a second, and a flow may have 1,000 conditions.
 */
function innerOf(text: string): string | null {
  if (text.length < 4 || !text.startsWith('{{') || !text.endsWith('}}')) return null;
  const begin = text[2] === '-' ? 3 : 2;
  const end = text.at(-3) === '-' ? text.length - 3 : text.length - 2;
  return text.slice(begin, end).trim();
}

/** Expects a text without space at its end. */
function tokenize(text: string): string[] | null {
  const tokens: string[] = [];
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match?.[1] === undefined) return null;
    tokens.push(match[1]);
    at = TOKEN.lastIndex;
  }
  return tokens;
}

/** A function with its arguments, or one value. Takes what it reads from the front. */
function readCall(tokens: string[]): string | null {
  const name = tokens[0] ?? '';
  const operator = OPERATORS[name];
  if (operator === undefined && name !== 'and' && name !== 'or' && name !== 'not') return readValue(tokens);
  tokens.shift();
  const values: string[] = [];
  while (tokens.length > 0 && tokens[0] !== ')') {
    const value = readValue(tokens);
    if (value === null) return null;
    values.push(value);
  }
  if (name === 'not') return values.length === 1 ? `!(${values[0]})` : null;
  if (operator !== undefined) return values.length === 2 ? values.join(` ${operator} `) : null;
  return values.length < 2 ? null : values.map((value) => `(${value})`).join(name === 'and' ? ' && ' : ' || ');
}

function readValue(tokens: string[]): string | null {
  const token = tokens.shift();
  if (token === undefined || token === ')') return null;
  if (token === '(') {
    const value = readCall(tokens);
    return tokens.shift() === ')' ? value : null;
  }
  if (token.startsWith('"')) return `'${token.slice(1, -1).replaceAll("'", "\\'")}'`;
  if (/^(true|false|-?\d+)$/.test(token)) return token;
  const [, root, name, field] =
    /^\.(steps|parameters|params)\.([\w-]+)(?:\.(phase|reason|exitCode))?$/.exec(token) ?? [];
  if (root === undefined || name === undefined || (root === 'steps') !== (field !== undefined)) return null;
  return root === 'steps' ? `steps['${name}'].${field}` : `params['${name}']`;
}
