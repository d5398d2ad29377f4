/**
 * runFromCommandLine: runs many seeds on several threads, or one with its trace.
 *
 * `--seeds N` is how many (1,000), `--from N` the first (1), and `--workers N` on how many threads
 * (one for each core). It ends with 1 after the first violation, which it prints; `--keep-going`
 * collects more. `--seed N` runs only that one and prints its trace.
 */

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { renderProgress } from './renderProgress.ts';
import { runSeeds } from './runSeeds.ts';

/** How often the long mode says that it lives. */
const REPORT_EVERY_MS = 10_000;

interface Simulation {
  /** Prints the trace of one seed. Resolves with what was violated. */
  showOne(seed: number): Promise<readonly string[]>;
  /** The thread that runs batches of seeds (seedWorker.ts). */
  readonly worker: URL;
}

export async function runFromCommandLine({ showOne, worker }: Simulation): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      workers: { type: 'string', default: String(availableParallelism()) },
      'keep-going': { type: 'boolean', default: false },
      seed: { type: 'string' },
    },
  });

  async function runMany(first: number, count: number, workers: number): Promise<void> {
    const startedAt = performance.now();
    let reportedAt = startedAt;
    const failing: number[] = [];
    const total = await runSeeds({ first, count, workers, worker }, ({ done, steps, failures }) => {
      for (const { seed, text } of failures) {
        failing.push(seed);
        console.error(text);
      }
      if (performance.now() - reportedAt > REPORT_EVERY_MS) {
        reportedAt = performance.now();
        console.log(renderProgress({ done, count, steps, failing: failing.length, elapsedMs: reportedAt - startedAt }));
      }
      return failing.length === 0 || values['keep-going'];
    });
    const elapsedMs = performance.now() - startedAt;
    console.log(renderProgress({ ...total, count, failing: failing.length, elapsedMs }));
    if (failing.length > 0) process.exitCode = 1;
    else console.log(`seeds ${first} to ${first + count - 1}: ${total.steps} steps, no violation`);
  }

  if (values.seed === undefined)
    return runMany(
      wholeNumber('from', values.from),
      wholeNumber('seeds', values.seeds),
      wholeNumber('workers', values.workers),
    );
  const violations = await showOne(wholeNumber('seed', values.seed));
  if (violations.length === 0) return;
  console.error(violations.join('\n'));
  process.exitCode = 1;
}

/** Refuses anything else: a loop up to NaN runs no seed, and finds no violation. */
function wholeNumber(name: string, text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new Error(`--${name}: "${text}" is not a whole number from 1 on`);
}
