/**
 * The runs of the everyday simulation, some at a time. Two files of tests share them, because
 * vitest gives each file to one worker, and these runs take longest of all tests.
 */

import { expect } from 'vitest';
import { renderFailure } from './renderFailure.ts';
import { runSeed } from './runSeed.ts';

const isCi = process.env['CI'] !== undefined;
/**
 * Small enough that a report says which part failed, and that vitest gets the event loop in
 * between.
 */
const SEEDS_A_TEST = isCi ? 100 : 50;
/** A machine that is shared by ten others is ten times as slow. */
export const SEED_TIMEOUT_MS = 240_000;

/** The first seed of each test. CI runs 500, and 100 keep `npm test` below three minutes. */
export const everyday: { readonly first: readonly number[]; readonly second: readonly number[] } = isCi
  ? { first: [1, 101, 201], second: [301, 401] }
  : { first: [1], second: [301] };

export async function simulateSeeds(first: number): Promise<void> {
  for (let seed = first; seed < first + SEEDS_A_TEST; seed++) {
    const result = await runSeed(seed);
    if (result.violation !== null) expect.fail(renderFailure(result));
    await eventLoopTurn();
  }
}

/** A run does not let go of the event loop by itself. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
