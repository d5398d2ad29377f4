/**
 * Runs many seeds (`npm run test:simulation -- --seeds 100000`), or one with its trace (`npm run
 * test:simulation -- --seed 4711`).
 *
 * `--seeds N` is how many (1,000) and `--from N` the first (1). `--seed N` runs only that one and
 * prints its trace. Ends with 1 on the first violation, after the trace and the command that
 * replays it.
 */

import { parseArgs } from 'node:util';
import { renderFailure } from './renderFailure.ts';
import { runSeed } from './runSeed.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
  },
});
const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
/** Seeds between two lines of progress. */
const REPORT_EVERY = 1_000;

let steps = 0;
for (let seed = first; seed < first + count; seed++) {
  const result = await runSeed(seed, { isDetailed: values.seed !== undefined });
  steps += result.steps;
  if (result.violation !== null) {
    console.error(renderFailure(result));
    process.exit(1);
  }
  if (values.seed !== undefined) console.log(result.trace.join('\n'));
  if ((seed - first + 1) % REPORT_EVERY === 0) console.log(`${seed - first + 1} seeds, ${steps} steps, no violation`);
}
console.log(`seeds ${first} to ${first + count - 1}: ${steps} steps, no violation`);
