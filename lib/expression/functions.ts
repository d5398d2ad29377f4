/**
 * Names the functions that a condition may call, and why each other one is refused.
 *
 * The list is closed: a function that a later version of the CEL package adds is refused until its
 * cost is known (costBound.ts).
 */

/** They run their last argument once for each element of a list. */
export const comprehensions: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

export const plainFunctions: ReadonlySet<string> = new Set([
  'bool',
  'contains',
  'double',
  'endsWith',
  'has',
  'int',
  'lowerAscii',
  'size',
  'split',
  'startsWith',
  'string',
  'trim',
  'upperAscii',
]);

export function whyRefused(name: string): string | null {
  if (comprehensions.has(name) || plainFunctions.has(name)) return null;
  // The package hands the pattern to JavaScript's RegExp. `(a+)+$` on 24 characters took 0.7 s,
  // on 30 more than 50 s, and nothing can end it.
  if (name === 'matches') {
    return 'matches() is refused, because a pattern may run without end; use startsWith, endsWith, contains or ==';
  }
  const known = [...plainFunctions, ...comprehensions].sort().join(', ');
  return `${name}() is not a function that a condition may call; those are ${known}`;
}
