import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { growthLimit } from '../../../../cli/serve/limitHeapGrowth.ts';

const module = resolve(import.meta.dirname, '../../../../cli/serve/limitHeapGrowth.ts');

/** V8 prints an error about a flag that it does not know, and goes on. */
test.each([
  ['limits how the heap grows', 'limitHeapGrowth()'],
  ['favours memory', 'favourMemory(true)'],
])('Node knows the flag that %s', (_name, call) => {
  const script = `(await import(${JSON.stringify(module)})).${call};`;
  const { status, output } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect({ status, output }).toEqual({ status: 0, output: [null, '', ''] });
});

test.each([
  ['a small heap', 60e6, 0],
  ['a heap of 80 MB', 80e6, 10],
  ['the heap of a large cluster', 140e6, 10],
])('the growth of %s is held to so many percent, where 0 leaves it to V8', (_name, usedBytes, percent) => {
  expect(growthLimit(usedBytes)).toBe(percent);
});

test.each([
  ['a small heap', 40e6, 60],
  ['one of 50 MB', 50e6, 10],
])(
  'the growth of %s, where a process has a bound of its own, is held to so many percent',
  (_name, usedBytes, percent) => {
    expect(growthLimit(usedBytes, { belowBytes: 50e6, percent: 60 })).toBe(percent);
  },
);
