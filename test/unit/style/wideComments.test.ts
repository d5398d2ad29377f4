import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findWideComments, listSources } from './wideComments.ts';

const root = resolve(import.meta.dirname, '../../..');
const words = (columns: number, before = '') =>
  before +
  'word '
    .repeat(40)
    .slice(0, columns - before.length - 1)
    .concat('.');
const linesOf = (text: string) => findWideComments(text).map(({ line }) => line);

describe('a comment over 100 columns', () => {
  it.each([
    ['alone on its line', words(101, '// ')],
    ['behind code', words(101, 'const a = 1; // ')],
    ['in one line of a block', words(101, '/** ')],
  ])('a comment over 100 columns is found %s, and not one of 100', (_, wide) => {
    expect(linesOf(wide)).toEqual([1]);
    expect(linesOf(wide.slice(0, 99).concat('.'))).toEqual([]);
  });

  it('a comment over 100 columns is found inside a block, and not behind its end', () => {
    const code = `const text = '${'x'.repeat(120)}';`;
    expect(linesOf(['/**', words(101, ' * '), words(101), ' */', code].join('\n'))).toEqual([2, 3]);
  });

  it('a comment over 100 columns is left alone where it cannot be wrapped', () => {
    const url = `https://example.org/${'x'.repeat(100)}`;
    expect(linesOf(` * ${url}`)).toEqual([]);
    expect(linesOf(`/** ${url} */`)).toEqual([]);
    expect(linesOf(words(120, '// biome-ignore lint/style/noNonNullAssertion: '))).toEqual([]);
    expect(linesOf(`const a = '${url}';`)).toEqual([]);
  });
});

it('no comment in the repository is wider than 100 columns', () => {
  const found = listSources(root).flatMap((file) =>
    findWideComments(readFileSync(join(root, file), 'utf8')).map(({ line }) => `${file}:${line}`),
  );
  expect(found).toEqual([]);
});
