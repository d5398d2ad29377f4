import { expect, it } from 'vitest';
import { summarize } from '../../../bench/summarize.ts';

it('gives values that were measured: the middle one, the one that 1 in 100 is above, the largest', () => {
  const samples = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect(summarize(samples)).toEqual({ samples: 200, p50Ms: 100, p99Ms: 198, maxMs: 200 });
});

it('works on a single sample', () => {
  expect(summarize([2.345])).toEqual({ samples: 1, p50Ms: 2.35, p99Ms: 2.35, maxMs: 2.35 });
});
