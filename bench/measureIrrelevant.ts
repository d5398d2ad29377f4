/**
 * Measures what a change that does not matter costs the bridge: processor time for a pod's watch
 * line, beside the floor and client-node's informer, in one run. docs/performance.md.
 *
 * Every pod belongs to an opted-in Service, and only its annotations change. The run ends with a
 * change that matters, so that all lines before it were read. The bridge must have sent that one
 * event, and have asked the API server nothing meanwhile.
 */

import { type CrowdRun, overCrowd, type Watcher, watchers } from './crowdRun.ts';
import { describeSetting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import { settle } from './settle.ts';
import { prepareBundle } from './startImage.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

const size = { pods: 20_000, services: 1_000 };
const changes = 50_000;
const rounds = readSamples({ script: 'measureIrrelevant.ts', samples: 3, reason: 'the median of three turns' });

const setting = describeSetting();
const bundle = prepareBundle();
const tookUs: Record<Watcher, number[]> = { floor: [], informer: [], 'zen-lead': [] };
let sent = 0;
let asked = 0;
try {
  for (let round = 0; round < rounds; round += 1)
    for (const watcher of watchers) tookUs[watcher].push(await measure(watcher));
} finally {
  bundle.close();
}
writeClaim({
  name: 'irrelevant-changes',
  claim: 'A change of a pod that does not matter',
  load: `${size.pods} pods of ${size.services} Services, ${changes} changes of 3.6 kB; the bridge sent ${sent} events and made ${asked} API calls for them`,
  setting,
  figures: [
    figure('processor time', 'floor'),
    figure("processor time, client-node's informer for the floor", 'informer'),
  ],
});
process.exit();

function figure(what: string, watcher: Watcher) {
  return { what, unit: 'us', floor: medianOf(tookUs[watcher]), zenLead: medianOf(tookUs['zen-lead']) };
}

function measure(watcher: Watcher): Promise<number> {
  return overCrowd(watcher, size, bundle.file, async (run) => {
    if (watcher === 'zen-lead') await untilQuiet(run);
    await settle();
    const before = { sent: run.sent(), asked: total(await run.requests()), cpuMs: run.cpuMs() };
    await run.touch(changes);
    const cpuMs = run.cpuMs() - before.cpuMs;
    if (watcher === 'zen-lead') {
      sent += run.sent() - before.sent - 1;
      asked += total(await run.requests()) - before.asked;
    }
    return (cpuMs * 1_000) / changes;
  });
}

/** The start sends an event for each Service, and those that time out again. */
async function untilQuiet(run: CrowdRun): Promise<void> {
  for (let before = -1; run.sent() < size.services || run.sent() !== before; await settle()) before = run.sent();
}

function total(requests: Readonly<Record<string, number>>): number {
  return Object.values(requests).reduce((sum, count) => sum + count, 0);
}
