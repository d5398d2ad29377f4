import { describe, expect, it } from 'vitest';
import { formatSpan } from '../../../api/formatSpan.ts';

describe('a span of time', () => {
  it.each([
    [-5, '0ms'],
    [850, '850ms'],
    [12_000, '12s'],
    [60_000, '1m'],
    [250_000, '4m10s'],
    [3_600_000 + 59_000, '1h'],
    [26 * 3_600_000, '1d2h'],
  ])('a span of %i ms is %s', (ms, text) => {
    expect(formatSpan(ms)).toBe(text);
  });
});
