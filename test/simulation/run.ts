/**
 * Runs many seeds (`npm run test:simulation -- --seeds 100000`), or one with its trace (`npm run
 * test:simulation -- --seed 4711`). The other words stand in runFromCommandLine.ts.
 */

import { renderFailure } from './renderFailure.ts';
import { runFromCommandLine } from './runFromCommandLine.ts';
import { runSeed } from './runSeed.ts';

async function showOne(seed: number): Promise<readonly string[]> {
  const result = await runSeed(seed, { isDetailed: true });
  console.log(result.trace.join('\n'));
  return result.violation === null ? [] : [renderFailure(result)];
}

await runFromCommandLine({ showOne, worker: new URL('./seedWorker.ts', import.meta.url) });
