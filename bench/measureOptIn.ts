/**
 * Measures how long it takes until every Service of a namespace has a leader when all of them are
 * opted in at once, beside the floor, on one kube-apiserver in one run. docs/performance.md.
 *
 * The time runs from the first annotation until another client's watch has delivered the last
 * route. It includes the writes of the load, which are the same for both.
 */

import { besideFloor, type Contestant } from './besideFloor.ts';
import { describeSetting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import { settle } from './settle.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

const services = 300;
const rounds = readSamples({ script: 'measureOptIn.ts', samples: 2, reason: 'a median of more takes minutes' });
const setting = describeSetting();
const tookMs: Record<Contestant, number[]> = { floor: [], 'zen-lead': [] };

const isDone = await besideFloor({
  size: services,
  rounds,
  async measure(fleet, contestant) {
    await settle();
    tookMs[contestant].push(await fleet.optIn());
  },
});
if (isDone)
  writeClaim({
    name: 'opt-in',
    claim: 'All Services of a namespace opted in at once, until the last is routed',
    load: `${services} Services with 3 pods each in one namespace, ${rounds} rounds`,
    setting,
    figures: [{ what: 'median', unit: 'ms', floor: medianOf(tookMs.floor), zenLead: medianOf(tookMs['zen-lead']) }],
  });
process.exit();
