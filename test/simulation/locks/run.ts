/**
 * Runs more seeds of the simulation of locks than every day: `node test/simulation/locks/run.ts
 * [seeds] [from]`. It prints each violation with its seed, and ends with 1 where there is one.
 */

import { type LockFaults, runLocks } from './runLocks.ts';

const [seeds = '1000', from = '1'] = process.argv.slice(2);
const within: LockFaults = { skewMs: 1_000, maxPauseMs: 12_000 };
const claiming: LockFaults = { ...within, claimants: 3 };
let failed = 0;
let grants = 0;
for (let seed = Number(from); seed < Number(from) + Number(seeds); seed += 1) {
  for (const faults of [within, claiming, { ...claiming, claimsLateMs: 2_000 }, { ...claiming, deletes: true }]) {
    const run = await runLocks(seed, faults);
    grants += run.grants;
    const isOrdered = run.takenByChecked.every((token, index, all) => token >= (all[index - 1] ?? 0));
    const found = isOrdered ? run.violations : [...run.violations, 'K7: a smaller token was taken after a greater one'];
    if (found.length > 0) failed += 1;
    for (const each of found) process.stdout.write(`seed ${seed} ${JSON.stringify(faults)}: ${each}\n`);
  }
}
process.stdout.write(`${seeds} seeds, ${grants} grants, ${failed} runs with a violation\n`);
process.exitCode = failed === 0 ? 0 : 1;
