/** Runs the second half of the everyday simulation: see simulation.test.ts. */

import { it } from 'vitest';
import { everyday, SEED_TIMEOUT_MS, simulateSeeds } from './everydaySeeds.ts';

it.each(everyday.second)(
  'keeps every invariant, and heals, in the runs from seed %i on',
  simulateSeeds,
  SEED_TIMEOUT_MS,
);
