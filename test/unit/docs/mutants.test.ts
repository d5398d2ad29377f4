import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyMutant } from '../../mutants/applyMutant.ts';
import { type Mutant, mutants, withoutMutant } from '../../mutants/mutants.ts';

const root = resolve(import.meta.dirname, '../../..');

interface Row {
  /** The number of the guarantee, or its text where it has none. */
  readonly name: string;
  readonly links: readonly string[];
}

/** Header and rule of a table are no rows. */
const rows: readonly Row[] = readFileSync(join(root, 'docs/guarantees.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| /.test(line) && !/^\| *\| guarantee|^\| not /.test(line))
  .map((line) => {
    const [, number = '', text = ''] = line.split(/ *\| */);
    const links = [...line.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path]) => String(path));
    return { name: number === '' ? text : number, links };
  });
const isOf = (row: Row, beginning: string): boolean =>
  /^[SL]\d+$/.test(beginning) ? row.name === beginning : row.name.startsWith(beginning);
const rowOf = ({ guarantee }: Mutant): Row | undefined => rows.find((row) => isOf(row, guarantee));

describe('a mutant', () => {
  it.each(mutants)('finds its place once: $name', (mutant) => {
    const source = readFileSync(join(root, mutant.file), 'utf8');
    expect(applyMutant(source, mutant)).not.toBe(source);
  });

  it.each(mutants)('names a guarantee whose row links its test, or a page: $name', (mutant) => {
    const { guarantee, test } = mutant;
    expect(existsSync(join(root, test))).toBe(true);
    if (guarantee.startsWith('docs/')) expect(existsSync(join(root, guarantee))).toBe(true);
    else if (test.startsWith('test/simulation/')) expect(rowOf(mutant)).toBeDefined();
    else expect(rowOf(mutant)?.links).toContain(test);
  });

  it('has a name of its own', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  });
});

describe('a row of docs/guarantees.md', () => {
  const reasons = Object.keys(withoutMutant);

  it.each(rows)('has a mutant, or a reason why none is possible: $name', (row) => {
    const isTried = mutants.some(({ guarantee }) => isOf(row, guarantee));
    const isArgued = reasons.some((beginning) => isOf(row, beginning));
    expect({ isTried, isArgued }).toEqual({ isTried: !isArgued, isArgued: !isTried });
  });

  it.each(rows)('links tests that are there: $name', ({ links }) => {
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.each(reasons)('is there for the reason that it has no mutant: %s', (beginning) => {
    expect(rows.filter((row) => isOf(row, beginning))).toHaveLength(1);
  });
});
