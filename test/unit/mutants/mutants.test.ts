import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyMutant } from '../../mutants/applyMutant.ts';
import { mutants } from '../../mutants/mutants.ts';

const root = resolve(import.meta.dirname, '../../..');
const guarantees = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');

describe('a mutant', () => {
  it.each(mutants)('finds its place once: $name', (mutant) => {
    const source = readFileSync(join(root, mutant.file), 'utf8');
    expect(applyMutant(source, mutant)).not.toBe(source);
  });

  it.each(mutants)('names a guarantee or a page, and a test that is there: $name', ({ guarantee, test }) => {
    expect(existsSync(join(root, test))).toBe(true);
    const isPage = guarantee.startsWith('docs/') && existsSync(join(root, guarantee));
    expect(isPage || guarantees.includes(`| ${guarantee}`)).toBe(true);
  });

  it('a mutant has a name of its own', () => {
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  });
});
