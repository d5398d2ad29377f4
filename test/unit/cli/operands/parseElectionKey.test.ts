import { expect, it } from 'vitest';
import { parseElectionKey } from '../../../../cli/operands/parseElectionKey.ts';
import { electionSuffix } from '../../../../lib/selection/elections/electionSuffix.ts';

it.each([
  ['shop/db', { namespace: 'shop', name: 'db' }],
  ['shop/db/writer', { namespace: 'shop', name: 'db', election: 'writer' }],
  ['shop/db/writer/2', { namespace: 'shop', name: 'db', election: 'writer', slot: 2 }],
  ['shop/db//1', { namespace: 'shop', name: 'db', election: '', slot: 1 }],
])('reads %s', (text, expected) => {
  expect(parseElectionKey(text)).toEqual(expected);
});

it.each(['db', 'shop/db/Writer', 'shop/db/writer/x', 'shop/db/writer/01', 'shop/db/a/1/2', ''])(
  'refuses %j',
  (text) => {
    expect(() => parseElectionKey(text)).toThrow('NAMESPACE/SERVICE');
  },
);

it.each([
  [{ election: '', slot: 0 }, ''],
  [{ election: 'writer', slot: 0 }, '/writer'],
  [{ election: '', slot: 1 }, '//1'],
  [{ election: 'gw', slot: 2 }, '/gw/2'],
])('names %j as a person would type it', (ref, suffix) => {
  expect(electionSuffix(ref)).toBe(suffix);
});
