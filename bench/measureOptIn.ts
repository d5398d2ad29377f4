/**
 * Measures how long it takes until every Service of a namespace has a leader when all of them are
 * opted in at once, beside the floor in one run. docs/performance.md.
 *
 * The time runs from the first annotation until another client's watch has delivered the last
 * route. It includes the writes of the load, which are the same for both.
 */

import { besideFloor } from './besideFloor.ts';
import { readSamples } from './readSamples.ts';
import { settle } from './settle.ts';
import { medianFigure, writeClaim } from './writeClaim.ts';

const services = 300;
const rounds = readSamples({ script: 'measureOptIn.ts', samples: 2, reason: 'a median of more takes minutes' });

const result = await besideFloor({
  size: services,
  rounds,
  async measure(fleet) {
    await settle();
    return [await fleet.optIn()];
  },
});
if (result !== null)
  writeClaim({
    name: 'opt-in',
    claim: 'All Services of a namespace opted in at once, until the last is routed',
    load: `${services} Services with 3 pods each in one namespace, ${rounds} rounds`,
    setting: result.setting,
    figures: [medianFigure(result.tookMs)],
  });
process.exit();
