/**
 * Runs random histories of nodes. A seed that fails is printed with its trace.
 *
 * The mutants about nodes (test/mutants/mutants.ts) take one fence of bridge/nodes away each, and
 * want one of these seeds to fail.
 */

import { expect, it } from 'vitest';
import { runNodeHistory } from './nodeHistory.ts';

const SEEDS = 120;

it('a bridge calls no node silent that works, and each one that is dead, whatever else happens', async () => {
  let silences = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const history = await runNodeHistory(seed);
    if (history.problem !== null) expect.fail(`${history.problem}\n${history.trace.join('\n')}`);
    silences += history.silences;
  }
  expect(silences).toBeGreaterThan(SEEDS);
}, 120_000);

it('a seed gives the same history again', async () => {
  expect(await runNodeHistory(7)).toEqual(await runNodeHistory(7));
});
