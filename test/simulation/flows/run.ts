/**
 * Runs many seeds of the simulation of flows (`npm run test:simulation:flows -- --seeds 100000`),
 * or one with a line for each write (`npm run test:simulation:flows -- --seed 4711`).
 *
 * The words are those of test/simulation/run.ts.
 */

import { runFromCommandLine } from '../runFromCommandLine.ts';
import { describeFlowWrite } from './describeFlowWrite.ts';
import { runFlows } from './runFlows.ts';

async function showOne(seed: number): Promise<readonly string[]> {
  const { violations } = await runFlows(seed, { onWrite: (write, at) => console.log(describeFlowWrite(write, at)) });
  return violations;
}

await runFromCommandLine({ showOne, worker: new URL('./flowSeedWorker.ts', import.meta.url) });
