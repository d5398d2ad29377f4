/**
 * The thread of runSeeds.ts: runs the seeds that it is sent and reports what came of them.
 */

import { parentPort } from 'node:worker_threads';
import { renderFailure } from './renderFailure.ts';
import { runSeed } from './runSeed.ts';

export interface SeedBatch {
  readonly first: number;
  readonly count: number;
}

export interface SeedReport {
  readonly done: number;
  readonly steps: number;
  readonly failures: readonly { readonly seed: number; readonly text: string }[];
}

async function runBatch({ first, count }: SeedBatch): Promise<SeedReport> {
  let steps = 0;
  const failures: { seed: number; text: string }[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const result = await runSeed(seed);
    steps += result.steps;
    if (result.violation !== null) failures.push({ seed, text: renderFailure(result) });
  }
  return { done: count, steps, failures };
}

parentPort?.on('message', async (batch: SeedBatch) => parentPort?.postMessage(await runBatch(batch)));
