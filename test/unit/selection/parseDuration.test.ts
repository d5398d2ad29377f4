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
    ['.5s', 500],
    ['1.5h', 5_400_000],
    ['2.s', 2_000],
    ['100us', 0.1],
    ['100µs', 0.1],
    ['1s1s', 2_000],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each(['', '5', '-5s', '1d', 's', '1 s', ' 1s', '1s ', '1,5s', '1e3s', 'NaN', '--1s', '.s', '9999999h', '1S'])(
    'and refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );
});
