/**
 * runSeeds: many seeds on several threads. Each thread asks for the next few when it is done, so
 * that seeds which take long hold up no other thread.
 *
 * Guarantees: what a seed does is the same on any thread and beside any other seed.
 */

import { Worker } from 'node:worker_threads';
import type { SeedBatch, SeedReport } from './seedWorker.ts';

export interface SeedRange {
  readonly first: number;
  readonly count: number;
  readonly workers: number;
  /** The thread, as seedWorker.ts. */
  readonly worker: URL;
}

export interface Total {
  /** Seeds that have been run. */
  readonly done: number;
  readonly steps: number;
}

/** Small enough that a violation and the progress are heard of within seconds. */
const BATCH = 20;
/** A run makes much that is soon garbage; with the default of 16 MiB more of it is copied. */
const resourceLimits = { maxYoungGenerationSizeMb: 64 };

/** `onReport` returns whether to go on. */
export async function runSeeds(
  { first, count, workers, worker: program }: SeedRange,
  onReport: (report: Total & Pick<SeedReport, 'failures'>) => boolean,
): Promise<Total> {
  let next = first;
  let [done, steps] = [0, 0];
  let isStopped = false;

  const runWorker = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(program, { resourceLimits });
      const assign = (): void => {
        const left = isStopped ? 0 : Math.min(BATCH, first + count - next);
        if (left <= 0) {
          worker.terminate().then(() => resolve(), reject);
          return;
        }
        worker.postMessage({ first: next, count: left } satisfies SeedBatch);
        next += left;
      };
      worker.on('error', reject);
      worker.on('message', ({ failures, ...batch }: SeedReport) => {
        done += batch.done;
        steps += batch.steps;
        isStopped ||= !onReport({ done, steps, failures });
        assign();
      });
      assign();
    });
  await Promise.all(Array.from({ length: Math.max(1, Math.min(workers, Math.ceil(count / BATCH))) }, runWorker));
  return { done, steps };
}
