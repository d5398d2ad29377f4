import { expect, test } from 'vitest';
import { createShrinking, type Look } from '../../../../cli/serve/shrinking.ts';

const quiet: Look = { usedBytes: 90e6, residentBytes: 240e6, utilization: 0.1 };

/** Looks at which the heap shrinks, counted from 1. */
function shrinkingLooks(count: number, lookAt: (at: number) => Partial<Look> = () => ({})): readonly number[] {
  const shrinks = createShrinking();
  const looks = Array.from({ length: count }, (_, i) => i + 1);
  return looks.filter((at) => shrinks({ ...quiet, ...lookAt(at) }));
}

const from5to14 = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14];

test('a heap shrinks once after the lists, for ten looks', () => {
  expect(shrinkingLooks(300)).toEqual(from5to14);
});

test.each([
  ['a small heap', { usedBytes: 40e6 }],
  ['a process with work', { utilization: 0.6 }],
])('%s shrinks at no time', (_name, seen) => {
  expect(shrinkingLooks(100, () => seen)).toEqual([]);
});

test('a process that has grown by a fifth since shrinks again, a minute later at the earliest', () => {
  const grown = shrinkingLooks(300, (at) => ({ residentBytes: at > 20 ? 290e6 : 240e6 }));
  expect(grown.filter((at) => at > 14)).toEqual([75, 76, 77, 78, 79, 80, 81, 82, 83, 84]);
});

test('a process that has grown by less keeps what it has', () => {
  expect(shrinkingLooks(300, (at) => ({ residentBytes: at > 20 ? 280e6 : 240e6 }))).toEqual(from5to14);
});

test('work ends it at once, and it begins again when the work is done', () => {
  const looks = shrinkingLooks(100, (at) => ({ utilization: at >= 8 && at < 50 ? 1 : 0.1 }));
  expect(looks.slice(0, 4)).toEqual([5, 6, 7, 50]);
  expect(looks.at(-1)).toBe(59);
});
