/**
 * `npm run bench` measures every claim, one after another, with few samples. docs/performance.md.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * With how many samples: all of them together take some 30 minutes. What health checks, probes and
 * scrapes cost is only printed.
 *
 * Left out is scaleDowns.ts: it counts on the real controllers, for minutes, and measures no time
 * (`npm run bench:scale`).
 */
const scripts: readonly (readonly [script: string, samples: number])[] = [
  ['measureFailover.ts', 200],
  ['measureBackToBack.ts', 200],
  ['measureTwoHalves.ts', 200],
  ['measureMassLoss.ts', 2],
  ['measureOptIn.ts', 1],
  ['measureColdStart.ts', 5],
  ['measureAssess.ts', 15],
  ['measureElections.ts', 9],
  ['measureReconciles.ts', 3],
  ['measureHorizontal.ts', 1],
  ['measureGrowth.ts', 1],
  ['measureIrrelevant.ts', 2],
  ['measureManyPods.ts', 1],
  ['measureBridgeMemory.ts', 100],
  ['measureFlows.ts', 30],
  ['measureApi.ts', 100],
  ['measureChecks.ts', 100],
  ['measureProbes.ts', 2_000],
  ['measureScrapes.ts', 50],
];

const options = { help: { type: 'boolean', short: 'h' } } as const;
const { values } = parseArgs({ options });
if (values.help === true) {
  console.log(
    'usage: node bench/all.ts\n\nMeasures every claim with few samples, and replaces the figures in bench/results.',
  );
} else {
  for (const [script, samples] of scripts) {
    console.log(`bench: ${script}`);
    const run = spawnSync(process.execPath, [join(import.meta.dirname, script), String(samples)], { stdio: 'inherit' });
    if (run.status !== 0) process.exitCode = 1;
  }
}
