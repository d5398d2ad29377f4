import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderYaml } from '../../../cli/printDocument.ts';

describe('YAML', () => {
  it.each([
    null,
    [],
    {},
    { a: [], b: {}, c: null },
    [[1, [2]], [{ a: 1, b: [true, { c: 'x' }] }]],
    {
      text: 'two words',
      number: '1',
      octal: '010',
      yes: 'yes',
      off: 'off',
      letter: 'y',
      truth: 'true',
      empty: '',
      colon: 'a: b',
      hash: 'a #b',
      dash: '- a',
    },
    {
      'zen-lead.io/paused': 'False',
      quote: '"\'',
      lines: 'a\nb',
      spaces: ' a ',
      tilde: '~',
      date: '2026-11-20T10:00:00Z',
    },
  ])('YAML comes back as it was, by YAML 1.2 and 1.1: %j', async (value) => {
    const text = await renderYaml(value);
    expect(parse(text)).toEqual(value);
    expect(parse(text, { version: '1.1' })).toEqual(value);
  });

  it('writes the same object twice rather than an alias, which kubectl shows nowhere', async () => {
    const pod = { name: 'db-0' };
    expect(await renderYaml({ a: pod, b: pod })).toBe('a:\n  name: db-0\nb:\n  name: db-0\n');
  });
});
