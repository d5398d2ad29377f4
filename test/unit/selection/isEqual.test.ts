import { describe, expect, it } from 'vitest';
import { isEqual } from '../../../lib/selection/isEqual.ts';

describe('isEqual', () => {
  it.each<[unknown, unknown]>([
    [1, 1],
    ['a', 'a'],
    [null, null],
    [
      [1, [2]],
      [1, [2]],
    ],
    [{}, {}],
    [
      { a: 1, b: { c: [] } },
      { b: { c: [] }, a: 1 },
    ],
    [{ a: undefined }, {}],
    [{}, { a: undefined }],
    [
      { a: 1, b: undefined },
      { c: undefined, a: 1 },
    ],
  ])('says of %j and %j that they say the same', (a, b) => {
    expect([isEqual(a, b), isEqual(b, a)]).toEqual([true, true]);
  });

  it.each<[unknown, unknown]>([
    [1, 2],
    [1, '1'],
    [0, null],
    [null, {}],
    [undefined, {}],
    [1, {}],
    ['', {}],
    [true, []],
    [[], {}],
    [[], { length: 0 }],
    [[1], [2]],
    [[1], [1, 2]],
    [[1, 2], [1]],
    [[undefined], []],
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: null }, {}],
    [{ a: null }, { a: {} }],
  ])('says of %j and %j that they differ, whichever comes first', (a, b) => {
    expect([isEqual(a, b), isEqual(b, a)]).toEqual([false, false]);
  });
});
