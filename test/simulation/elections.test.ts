/**
 * Runs the simulation where users ask for several elections and for pools. Every invariant is
 * checked for each of them, and that no pod has two slots once settled (S14).
 */

import { expect, it } from 'vitest';
import { SEED_TIMEOUT_MS } from './everydaySeeds.ts';
import { renderFailure } from './renderFailure.ts';
import { runSeed } from './runSeed.ts';

/** Each takes some 200 ms. */
const SEEDS = process.env['CI'] === undefined ? 4 : 40;
/** Those have simulations of their own, of Services with one election. */
const alone = {
  checks: false,
  roles: false,
  demotes: false,
  reports: false,
  nodes: false,
  fights: false,
  handovers: false,
};

it(
  'keeps every invariant for each election and slot, and heals',
  async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = await runSeed(seed, { ...alone, elections: true });
      if (result.violation !== null) expect.fail(renderFailure(result));
    }
  },
  SEED_TIMEOUT_MS,
);

/**
 * What an election does for another one: it waits for the only primary, leaves a pod of another
 * slot, or one that is to be ended. The end of one waits for that of its source.
 */
const together = process.env['CI'] === undefined ? [1154] : [1154, 1231, 1706, 1735, 1867];

it.each(together)(
  'judges each election beside the others, and beside all other troubles (seed %i)',
  async (seed) => {
    const result = await runSeed(seed, { elections: true });
    if (result.violation !== null) expect.fail(renderFailure(result));
  },
  SEED_TIMEOUT_MS,
);
