import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const module = resolve(import.meta.dirname, '../../../../cli/serve/limitHeapGrowth.ts');

/** V8 prints an error about a flag that it does not know, and goes on. */
test('Node knows the flag that limits how the heap grows', () => {
  const script = `(await import(${JSON.stringify(module)})).limitHeapGrowth();`;
  const { status, output } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect({ status, output }).toEqual({ status: 0, output: [null, '', ''] });
});
