import { expect, it } from 'vitest';
import { exitCodeOf } from '../../../lib/config/exitCode.ts';
import { type ErrorCode, ZenLeadError } from '../../../lib/errors.ts';

it.each<[ErrorCode, number]>([
  ['CONFIG_INVALID', 2],
  ['INPUT_INVALID', 2],
  ['DEMO_FAILED', 1],
  ['KUBE_UNAVAILABLE', 1],
])('ends with the documented code for %s', (code, expected) => {
  expect(exitCodeOf(new ZenLeadError(code, 'x', { retry: 'never' }))).toBe(expected);
});

it('ends with 1 for a defect', () => {
  expect(exitCodeOf(new TypeError('x'))).toBe(1);
});
