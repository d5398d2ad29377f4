/**
 * Runs many seeds of the simulation of scale-down (`npm run test:simulation:scale -- --seeds
 * 10000`), or one with a line for each write (`npm run test:simulation:scale -- --seed 4711`).
 *
 * The words are those of test/simulation/run.ts.
 */

import { runFromCommandLine } from '../runFromCommandLine.ts';
import { describeScaleWrite } from './describeScaleWrite.ts';
import { runScaleDown } from './runScaleDown.ts';

async function showOne(seed: number): Promise<readonly string[]> {
  const { violations } = await runScaleDown(seed, {
    onWrite: (write, at) => console.log(describeScaleWrite(write, at)),
  });
  return violations;
}

await runFromCommandLine({ showOne, worker: new URL('./scaleSeedWorker.ts', import.meta.url) });
