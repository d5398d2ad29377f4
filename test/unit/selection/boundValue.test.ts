import { describe, expect, it } from 'vitest';
import { boundValue, excerpt, isTooLong, MAX_VALUE_LENGTH } from '../../../lib/selection/boundValue.ts';

const text = (length: number) => 'x'.repeat(length);

describe('a value that a tenant wrote', () => {
  it('is kept whole up to 1,024 characters', () => {
    expect(MAX_VALUE_LENGTH).toBe(1_024);
    expect([boundValue(''), boundValue(text(1_024))]).toEqual(['', text(1_024)]);
  });

  it('is cut to 1,024 characters and a mark when it is longer, and stays too long for every parser', () => {
    for (const length of [1_025, 250_000]) expect(boundValue(text(length))).toBe(`${text(1_024)}…`);
    expect(isTooLong(boundValue(text(1_025)))).toBe(true);
  });

  it('counts as too long from 1,025 characters on', () => {
    expect([isTooLong(text(1_024)), isTooLong(text(1_025))]).toEqual([false, true]);
  });
});

describe('the excerpt of a value in a message', () => {
  it('is the whole value up to 64 characters, and else 64 of them and a mark', () => {
    expect([excerpt(text(64)), excerpt(text(65))]).toEqual([text(64), `${text(64)}…`]);
  });

  it('begins where the value begins, and may have another length', () => {
    expect([excerpt('abc', 2), excerpt('abc', 3)]).toEqual(['ab…', 'abc']);
  });
});
