/** The thread of run.ts: runs the seeds that it is sent and reports what came of them. */

import { parentPort } from 'node:worker_threads';
import type { SeedBatch, SeedReport } from '../seedWorker.ts';
import { runScaleDown } from './runScaleDown.ts';

async function runBatch({ first, count }: SeedBatch): Promise<SeedReport> {
  let steps = 0;
  const failures: { seed: number; text: string }[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const run = await runScaleDown(seed);
    steps += run.steps;
    if (run.violations.length > 0)
      failures.push({
        seed,
        text: `seed ${seed}: ${run.violations.join('\n')}\nreplay: npm run test:simulation:scale -- --seed ${seed}`,
      });
  }
  return { done: count, steps, failures };
}

parentPort?.on('message', async (batch: SeedBatch) => parentPort?.postMessage(await runBatch(batch)));
