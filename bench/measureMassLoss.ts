/**
 * Measures how long it takes until every Service of a namespace has another leader when all leaders
 * are lost at once, beside the floor in one run. docs/performance.md.
 *
 * The time runs from the first status write until another client's watch has delivered the last
 * route. It includes the writes of the load, which are the same for both.
 */

import { massClaim } from './massClaim.ts';
import { readSamples } from './readSamples.ts';
import { settle } from './settle.ts';

const losses = readSamples({ script: 'measureMassLoss.ts', samples: 3, reason: 'a median of more takes minutes' });

await massClaim({
  name: 'mass-loss',
  claim: 'All leaders of a namespace lost at once, until the last route has moved',
  load: `${losses} losses`,
  rounds: 1,
  async measure(fleet) {
    await settle();
    await fleet.optIn();
    const tookMs: number[] = [];
    for (let i = 0; i < losses; i += 1) {
      await settle();
      tookMs.push(await fleet.loseLeaders());
    }
    return tookMs;
  },
});
process.exit();
