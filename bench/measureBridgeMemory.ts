/**
 * Measures the memory of the bridge, and how long it takes until it is ready, by the number of
 * pods, beside the floor and client-node's informer, in one run. docs/performance.md.
 *
 * The bridge also knows Services and EndpointSlices, which floor and informer do not read.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from './claim.ts';
import { overCrowd, type Watcher, watchers } from './crowdRun.ts';
import { describeSetting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import { prepareBundle } from './startImage.ts';
import { writeClaim } from './writeClaim.ts';

/** The largest number of pods, in thousands; half of it shows whether the line is straight. */
const thousands = readSamples({
  script: 'measureBridgeMemory.ts',
  samples: 100,
  reason: 'thousands of pods, as many as 5,000 nodes of 20 pods have',
});
const PODS_A_SERVICE = 20;
/** The first events are sent and answered, and garbage of the LISTs is gone or will not go. */
const SETTLE_MS = 20_000;

interface Sample {
  readonly readyMs: number;
  readonly settledMb: number;
  readonly peakMb: number;
}

const setting = describeSetting();
const bundle = prepareBundle();
const figures: Figure[] = [];
try {
  for (const pods of [thousands * 500, thousands * 1_000]) {
    const samples = new Map<Watcher, Sample>();
    for (const watcher of watchers) samples.set(watcher, await measure(watcher, pods));
    const count = pods.toLocaleString('en');
    add(`${count} pods, settled`, 'MB', samples, ({ settledMb }) => settledMb);
    add(`${count} pods, peak`, 'MB', samples, ({ peakMb }) => peakMb);
    add(`${count} pods, until ready`, 'ms', samples, ({ readyMs }) => Math.round(readyMs));
  }
} finally {
  bundle.close();
}
writeClaim({
  name: 'bridge-memory',
  claim: 'Resident memory of the bridge',
  load: `an opted-in Service for each ${PODS_A_SERVICE} pods, with leader Service and slices; beside the informer: client-node's stands for the floor`,
  setting,
  figures,
});
process.exit();

function measure(watcher: Watcher, pods: number): Promise<Sample> {
  return overCrowd(watcher, { pods, services: pods / PODS_A_SERVICE }, bundle.file, async ({ readyMs, memory }) => {
    await sleep(SETTLE_MS);
    const { nowMb, peakMb } = memory();
    return { readyMs, settledMb: nowMb, peakMb };
  });
}

function add(what: string, unit: string, samples: ReadonlyMap<Watcher, Sample>, of: (sample: Sample) => number): void {
  const value = (watcher: Watcher): number => {
    const sample = samples.get(watcher);
    return sample === undefined ? Number.NaN : of(sample);
  };
  figures.push({ what, unit, floor: value('floor'), zenLead: value('zen-lead') });
  figures.push({ what: `${what}, beside the informer`, unit, floor: value('informer'), zenLead: value('zen-lead') });
}
