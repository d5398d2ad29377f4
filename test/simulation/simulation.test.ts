/**
 * Runs the everyday simulation. It checks every invariant at every write, and what must hold when
 * all is well again. `npm run test:simulation -- --seeds 100000` runs more seeds. A seed that fails
 * is printed with its trace and with the command that replays it.
 */

import { expect, it } from 'vitest';
import { everyday, SEED_TIMEOUT_MS, simulateSeeds } from './everydaySeeds.ts';
import { renderFailure } from './renderFailure.ts';
import { renderProgress } from './renderProgress.ts';
import { runSeed } from './runSeed.ts';

it.each(everyday.first)(
  'keeps every invariant, and heals, in the runs from seed %i on',
  simulateSeeds,
  SEED_TIMEOUT_MS,
);

/** Runs that once violated an invariant, with the actions that they did it with. */
const flips = {
  'user flips the primary family': 10,
  'user flips the primary family during a failover': 15,
  'the API server is slow': 5,
  'user annotates': 0,
  'user opts out': 0,
  'user deletes the source': 0,
  'restore etcd': 0,
  'kill a bridge': 0,
  'kill a function': 0,
};

it.each([107, 178, 237])(
  'keeps every invariant while the primary family flips, in the run from seed %i',
  async (seed) => {
    const result = await runSeed(seed, { weights: flips, settles: false, replicas: { bridges: 2, functions: 2 } });
    if (result.violation !== null) expect.fail(renderFailure(result));
  },
);

it('runs a seed again step for step: the trace of every event, answer and write is the same', async () => {
  for (const seed of [7, 42, 99]) {
    const [once, again] = [await runSeed(seed, { isDetailed: true }), await runSeed(seed, { isDetailed: true })];
    expect(again.trace).toEqual(once.trace);
    expect(again.steps).toBe(once.steps);
  }
});

it('says how far a long run is, how fast, and how long it still takes', () => {
  const progress = { count: 10_000, steps: 5, failing: 0, elapsedMs: 100_000 };
  expect(renderProgress({ ...progress, done: 2_500 })).toBe(
    '2500 of 10000 seeds, 5 steps, no violation; 25.0 seeds/s, 5 min 0 s left',
  );
  expect(renderProgress({ ...progress, done: 100, failing: 2 })).toBe(
    '100 of 10000 seeds, 5 steps, 2 with a violation; 1.0 seeds/s, 2 h 45 min left',
  );
  expect(renderProgress({ ...progress, done: 0 })).toContain('0.0 seeds/s, unknown left');
});

it('is another run with another seed', async () => {
  const [one, other] = [await runSeed(1), await runSeed(2)];
  expect(one.trace).not.toEqual(other.trace);
});
