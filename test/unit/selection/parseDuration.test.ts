import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../lib/selection/parseDuration.ts';

describe('parseDuration reads what Go reads', () => {
  it.each([
    ['0', 0],
    ['+0', 0],
    ['-0s', 0],
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['1h', 3_600_000],
    ['+1h', 3_600_000],
    ['.5s', 500],
    ['1.5h', 5_400_000],
    ['2.s', 2_000],
    ['1000000ns', 1],
    ['100us', 0.1],
    // The micro sign and the Greek letter, as in Go.
    ['100\u00b5s', 0.1],
    ['100\u03bcs', 0.1],
    ['1s1s', 2_000],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each([
    '',
    '5',
    '-5s',
    '1d',
    's',
    '1 s',
    ' 1s',
    '1s ',
    '1,5s',
    '1e3s',
    'NaN',
    '--1s',
    '+-1s',
    '1s+1s',
    '1s-',
    '.s',
    '1S',
  ])('and refuses %j', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it('up to the longest that Go holds, and no longer', () => {
    expect(parseDuration('9223372036854775807ns')).toBeCloseTo(9_223_372_036_854.775, 2);
    expect(parseDuration('2562047h47m16.854s')).toBeCloseTo(9_223_372_036_854, 2);
    expect(parseDuration('2562047h47m16.856s')).toBeNull();
  });

  it('in 64 characters, and refuses more', () => {
    const padded = (length: number) => `${'1s'.padStart(length, '0')}`;
    expect([parseDuration(padded(64)), parseDuration(padded(65))]).toEqual([1_000, null]);
  });
});
