import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { citationsIn, findBroken } from './citations.ts';

const root = resolve(import.meta.dirname, '../../..');
const files = globSync('**/*.{ts,yaml,yml,md,tpl,txt}', { cwd: root, exclude: (name) => name === 'node_modules' })
  .filter((file) => !/^(?:dist|coverage)\//.test(file) && !file.startsWith('test/unit/docs/citations'))
  .sort();

function readPage(page: string): string | undefined {
  const path = join(root, page);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

describe('citations', () => {
  it('finds pages and headings in comments, and leaves URLs alone', () => {
    const text = `/** See docs/trust.md#tokens; ../../docs/guarantees.md. https://example.org/docs/other.md#x CONTRIBUTING.md#tests. */`;
    expect(citationsIn(text)).toEqual([
      { page: 'docs/trust.md', anchor: 'tokens' },
      { page: 'docs/guarantees.md' },
      { page: 'CONTRIBUTING.md', anchor: 'tests' },
    ]);
  });

  it('notices a page or a heading that is not there', () => {
    const pages: Readonly<Record<string, string>> = {
      'docs/trust.md': '# Trust\n\n## Tokens\n\n```sh\n# Rights\n```\n',
    };
    const broken = (text: string) => findBroken(text, (page) => pages[page]);
    expect(broken('docs/trust.md#tokens docs/trust.md')).toEqual([]);
    expect(broken('docs/trust.md#rights docs/gone.md docs/gone.md#tokens')).toEqual([
      'docs/trust.md#rights',
      'docs/gone.md',
      'docs/gone.md',
    ]);
  });

  it('name pages and headings that are there, in every source and page', () => {
    expect(files.length).toBeGreaterThan(300);
    const broken = files.flatMap((file) =>
      findBroken(readFileSync(join(root, file), 'utf8'), readPage).map((citation) => `${file}: ${citation}`),
    );
    expect(broken).toEqual([]);
  });

  it('citations stay within the repository', () => {
    const outside = files.filter((file) => /\bDESIGN\b|\bSTYLE\.md\b|\.\.\/shared\b/.test(readPage(file) ?? ''));
    expect(outside).toEqual([]);
  });
});
