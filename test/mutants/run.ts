/**
 * Takes away what the tests guard, one mutant at a time, and wants a test to fail.
 *
 * `npm run test:mutants` tries all of them. `npm run test:mutants -- NAME...` tries those whose
 * name contains NAME. `--sample N` leaves N of them, evenly spread.
 *
 * Guarantees:
 * - Works on a copy of the checkout, uncommitted changes included, and deletes the copy.
 * - Each test passes without the mutant. With it the test runs and fails. A file that cannot be
 *   loaded does not count as a failure.
 * - Ends with 1 when a mutant survives.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { applyMutant } from './applyMutant.ts';
import { type Mutant, mutants } from './mutants.ts';

const checkout = resolve(import.meta.dirname, '../..');
const report = z.object({ numPassedTests: z.number(), numFailedTests: z.number() });

function copyCheckout(): string {
  const copy = mkdtempSync(join(tmpdir(), 'zen-lead-mutants-'));
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', listing, { cwd: checkout, encoding: 'utf8' }).split('\0').filter(Boolean);
  for (const file of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(checkout, file), join(copy, file), { force: true });
  }
  symlinkSync(join(checkout, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** How many tests passed and failed. */
function runTest(copy: string, { test, title }: Mutant): z.infer<typeof report> {
  const output = join(copy, 'report.json');
  rmSync(output, { force: true });
  const only = title === undefined ? [] : [`--testNamePattern=${title}`];
  const vitest = join(checkout, 'node_modules/vitest/vitest.mjs');
  // The first failure of a file is enough.
  const args = [vitest, 'run', test, ...only, '--bail', '1', '--reporter=json', `--outputFile=${output}`];
  const { stderr } = spawnSync(process.execPath, args, { cwd: copy, stdio: ['ignore', 'ignore', 'pipe'] });
  if (!existsSync(output)) throw new Error(`vitest has written no report: ${stderr}`);
  return report.parse(JSON.parse(readFileSync(output, 'utf8')));
}

function chooseMutants(): readonly Mutant[] {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { sample: { type: 'string' } } });
  const named = mutants.filter(
    ({ name }) => positionals.length === 0 || positionals.some((each) => name.includes(each)),
  );
  const step = Math.ceil(named.length / Number(values.sample ?? named.length));
  return named.filter((_, index) => index % step === 0);
}

const chosen = chooseMutants();
if (chosen.length === 0) throw new Error('no mutant has such a name: test/mutants/mutants.ts lists them');
const copy = copyCheckout();
const problems: string[] = [];
try {
  const sound = new Map<string, boolean>();
  for (const mutant of chosen) {
    const key = `${mutant.test} ${mutant.title ?? ''}`;
    if (!sound.has(key)) {
      const { numPassedTests, numFailedTests } = runTest(copy, mutant);
      sound.set(key, numPassedTests > 0 && numFailedTests === 0);
    }
    const path = join(copy, mutant.file);
    const original = readFileSync(path, 'utf8');
    writeFileSync(path, applyMutant(original, mutant));
    const { numFailedTests } = runTest(copy, mutant);
    writeFileSync(path, original);
    const verdict = sound.get(key) !== true ? 'has no passing test' : numFailedTests === 0 ? 'survives' : 'noticed';
    console.log(`${verdict.padEnd(20)} ${mutant.name} (${key.trim()})`);
    if (verdict !== 'noticed') problems.push(mutant.name);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(
    `${problems.length} of ${chosen.length} mutants were not noticed as they should be: ${problems.join(', ')}`,
  );
  process.exitCode = 1;
}
