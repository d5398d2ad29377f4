/**
 * Measures how long it takes until every Service of a namespace has a leader when all of them are
 * opted in at once, beside the floor in one run. docs/performance.md.
 *
 * The time runs from the first annotation until another client's watch has delivered the last
 * route. It includes the writes of the load, which are the same for both.
 */

import { massClaim } from './massClaim.ts';
import { readSamples } from './readSamples.ts';
import { settle } from './settle.ts';

const rounds = readSamples({ script: 'measureOptIn.ts', samples: 2, reason: 'a median of more takes minutes' });

await massClaim({
  name: 'opt-in',
  claim: 'All Services of a namespace opted in at once, until the last is routed',
  load: `${rounds} rounds`,
  rounds,
  async measure(fleet) {
    await settle();
    return [await fleet.optIn()];
  },
});
process.exit();
