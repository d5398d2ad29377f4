/**
 * Runs the everyday simulation. It checks every invariant at every write, and what must hold when
 * all is well again. `npm run test:simulation -- --seeds 100000` runs more seeds. A seed that fails
 * is printed with its trace and with the command that replays it.
 */

import { expect, it } from 'vitest';
import { renderFailure } from './renderFailure.ts';
import { runSeed } from './runSeed.ts';

const SEEDS = 500;
/**
 * Small enough that a report says which part failed, and that vitest gets the event loop in
 * between.
 */
const SEEDS_A_TEST = 100;

const parts = Array.from({ length: SEEDS / SEEDS_A_TEST }, (_, i) => 1 + i * SEEDS_A_TEST);

it.each(parts)(
  'keeps every invariant, and heals, in the hundred runs from seed %i',
  async (first) => {
    for (let seed = first; seed < first + SEEDS_A_TEST; seed++) {
      const result = await runSeed(seed);
      if (result.violation !== null) expect.fail(renderFailure(result));
      await eventLoopTurn();
    }
  },
  120_000,
);

it('runs a seed again step for step: the trace of every event, answer and write is the same', async () => {
  for (const seed of [7, 42, 99]) {
    const [once, again] = [await runSeed(seed, { isDetailed: true }), await runSeed(seed, { isDetailed: true })];
    expect(again.trace).toEqual(once.trace);
    expect(again.steps).toBe(once.steps);
  }
});

it('is another run with another seed', async () => {
  const [one, other] = [await runSeed(1), await runSeed(2)];
  expect(one.trace).not.toEqual(other.trace);
});

/** A run does not let go of the event loop by itself. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
