/**
 * `npm run test:mutation [-- --quick] [FILE...]`: which changes to lib/selection its own unit tests
 * would notice.
 *
 * Each mutant is switched on by itself, and the tests that reach it run until one fails. Prints the
 * score of each file and every mutant that survived. `--quick` leaves the properties out, which
 * take most of the time. What survives, and why, stands in docs/decisions/mutation.md.
 */

import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Mutant, mutate } from './mutate.ts';
import { loadTests, type Test } from './testRun.ts';

/** No test loops this often by itself; a mutant that does is found. */
const MAX_TICKS = 20_000_000;
/** Types, prose and the package's entry: nothing that a decision depends on. */
const LEFT_OUT = new Set(['index.ts', 'reasonText.ts', 'snapshot.ts', 'write.ts']);

const root = fileURLToPath(new URL('../../', import.meta.url));
const only = process.argv.slice(2).filter((each) => each !== '--quick');
const isQuick = process.argv.includes('--quick');

let active = 0;
let ticks = 0;
const reached = new Set<number>();
Object.assign(globalThis, {
  __on(id: number): boolean {
    if (active === 0) reached.add(id);
    return id === active;
  },
  __tick(): void {
    ticks += 1;
    if (ticks > MAX_TICKS) throw new Error('endless');
  },
});

const mutants: Mutant[] = [];
const bundle = await bundleTests();

const tests = loadTests(bundle);
/** Evaluated once, when the module is loaded: such a mutant needs the whole bundle afresh. */
const atLoad = new Set(reached);
const testsOf = new Map<number, Test[]>();
for (const test of tests) {
  reached.clear();
  if (await fails(test)) throw new Error(`fails without any mutant: ${test.name}`);
  for (const id of reached) testsOf.set(id, [...(testsOf.get(id) ?? []), test]);
}

const survivors: Mutant[] = [];
for (const mutant of mutants) {
  active = mutant.id;
  const isFound = atLoad.has(mutant.id) ? await isFoundAfresh() : await isFoundBy(testsOf.get(mutant.id) ?? []);
  if (!isFound) survivors.push(mutant);
}
report();

async function isFoundAfresh(): Promise<boolean> {
  try {
    return await isFoundBy(loadTests(bundle));
  } catch {
    return true;
  }
}

async function isFoundBy(reaching: readonly Test[]): Promise<boolean> {
  for (const test of reaching) if (await fails(test)) return true;
  return false;
}

async function fails(test: Test): Promise<boolean> {
  ticks = 0;
  try {
    await test.run();
    return false;
  } catch {
    return true;
  }
}

function isOfProperties(file: string): boolean {
  return /invariants/i.test(file);
}

async function bundleTests(): Promise<string> {
  // Properties come last: they find most, and take longest.
  const files = globSync('test/unit/{selection,scaleDown}/*.test.ts', { cwd: root }).sort(
    (a, b) => Number(isOfProperties(a)) - Number(isOfProperties(b)) || (a < b ? -1 : 1),
  );
  const chosen = isQuick ? files.filter((file) => !isOfProperties(file)) : files;
  const contents = chosen.map((file) => `import ${JSON.stringify(join(root, file))};`).join('\n');
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'node',
    packages: 'external',
    define: { 'import.meta.dirname': JSON.stringify(join(root, 'test/unit/selection')) },
    // Mutants are odd code on purpose.
    logLevel: 'error',
    plugins: [
      {
        name: 'mutants',
        setup({ onLoad }) {
          onLoad({ filter: /\/lib\/selection\/\w+\.ts$/ }, async ({ path }) => {
            const text = await readFile(path, 'utf8');
            const name = basename(path);
            const isWanted = !LEFT_OUT.has(name) && (only.length === 0 || only.includes(name));
            if (!isWanted) return { contents: text, loader: 'ts' };
            const mutated = mutate(name, text, mutants.length + 1);
            mutants.push(...mutated.mutants);
            return { contents: mutated.text, loader: 'ts' };
          });
        },
      },
    ],
  });
  return outputFiles[0]?.text ?? '';
}

function report(): void {
  const percent = (found: number, all: number) => (all === 0 ? 100 : (100 * found) / all);
  const names = [...new Set(mutants.map(({ file }) => file))].sort();
  console.log(`${tests.length} tests, ${mutants.length} mutants\n`);
  for (const name of names) {
    const all = mutants.filter(({ file }) => file === name).length;
    const left = survivors.filter(({ file }) => file === name).length;
    console.log(
      `${name.padEnd(22)} ${percent(all - left, all)
        .toFixed(1)
        .padStart(6)} %  ${left} of ${all} survive`,
    );
  }
  console.log();
  for (const { file, line, original, replacement } of survivors)
    console.log(`${file}:${line}  ${original}  ->  ${replacement}`);
  console.log(`\nscore ${percent(mutants.length - survivors.length, mutants.length).toFixed(1)} %`);
}
