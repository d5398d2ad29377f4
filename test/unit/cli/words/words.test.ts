import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatSpan } from '../../../../api/formatSpan.ts';
import { parseServiceKey } from '../../../../cli/words/parseServiceKey.ts';
import { renderYaml } from '../../../../cli/words/printDocument.ts';
import { reasons } from '../../../../lib/selection/decision.ts';
import { reasonText } from '../../../../lib/selection/reasonText.ts';

describe('a span of time', () => {
  it.each([
    [-5, '0ms'],
    [850, '850ms'],
    [12_000, '12s'],
    [60_000, '1m'],
    [250_000, '4m10s'],
    [3_600_000 + 59_000, '1h'],
    [26 * 3_600_000, '1d2h'],
  ])('of %i ms is %s', (ms, text) => {
    expect(formatSpan(ms)).toBe(text);
  });
});

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
  ])('comes back as it was, by YAML 1.2 and 1.1: %j', async (value) => {
    const text = await renderYaml(value);
    expect(parse(text)).toEqual(value);
    expect(parse(text, { version: '1.1' })).toEqual(value);
  });

  it('writes the same object twice rather than an alias, which kubectl shows nowhere', async () => {
    const pod = { name: 'db-0' };
    expect(await renderYaml({ a: pod, b: pod })).toBe('a:\n  name: db-0\nb:\n  name: db-0\n');
  });
});

describe('words', () => {
  it('has a sentence for every reason', () => {
    expect(Object.keys(reasonText).toSorted()).toEqual([...reasons].toSorted());
  });

  it.each(['db', 'shop/', '/db', 'shop/db/0', 'Shop/db', 'shop db'])('takes %j for no Service', (text) => {
    expect(() => parseServiceKey(text)).toThrowError('write NAMESPACE/SERVICE');
  });
});
