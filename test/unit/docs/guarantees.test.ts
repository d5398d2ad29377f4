import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');

/** The lines of its tables without heads and rules, cell by cell. */
function rowsOf(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n');
  return lines
    .filter((line, index) => line.startsWith('| ') && !lines[index + 1]?.startsWith('|---'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** Files that run, or that a run checks every write with. */
const TEST_LINK = /\]\(\.\.\/test\/(?:[\w./-]+\.test\.ts|simulation\/checks\/\w+\.ts)\)/;

describe('docs/guarantees.md', () => {
  const rows = rowsOf(page);

  it.each(rows)('links a test at: %s %s', (...cells) => {
    expect(cells.at(-1)).toMatch(TEST_LINK);
  });

  it('docs/guarantees.md has every number that code and tests use', () => {
    const numbers = rows.map(([number = '']) => number).filter((cell) => /^[SL]\d$/.test(cell));
    expect(numbers).toEqual(['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8', 'S9', 'L1']);
  });
});
