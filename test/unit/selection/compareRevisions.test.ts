import { expect, test } from 'vitest';
import { compareRevisions } from '../../../lib/selection/compareRevisions.ts';

test.each([
  ['9', '10', 'older'],
  ['10', '9', 'newer'],
  ['10', '10', 'same'],
  ['18446744073709551614', '18446744073709551615', 'older'],
  ['9007199254740993', '9007199254740992', 'newer'],
  ['', '1', 'unordered'],
  ['abc', 'abc', 'unordered'],
  ['1', '-1', 'unordered'],
  ['1.5', '1', 'unordered'],
  ['1', '1'.repeat(21), 'unordered'],
])('%j stands to %j as %s', (revision, other, order) => {
  expect(compareRevisions(revision, other)).toBe(order);
});
