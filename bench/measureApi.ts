/**
 * Measures the api role on one kube-apiserver in one run: locks beside a bare PATCH and beside
 * compare-and-swap by hand, questions and subscribers beside a bare server of HTTP/2. Prints what
 * was aimed at beside each figure. docs/performance.md.
 */

import { findAssets, missingAssetsLine } from '../test/support/controlPlane/findAssets.ts';
import { startControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { type Figure, ratioOf } from './claim.ts';
import { describeSetting } from './describeSetting.ts';
import { measureLocks } from './lockFigures.ts';
import { readSamples } from './readSamples.ts';
import { prepareBundle } from './startImage.ts';
import { measureSubscribers } from './subscriberFigures.ts';
import { writeClaim } from './writeClaim.ts';

const samples = readSamples({
  script: 'measureApi.ts',
  samples: 200,
  reason: 'two samples lie above the 99th percentile, and each write reaches a hundred readers',
});

interface Aim {
  readonly what: RegExp;
  readonly aim: string;
  isMet(figure: Figure): boolean;
}

const aims: readonly Aim[] = [
  { what: /^acquire p50/, aim: 'at most 2 x a bare PATCH', isMet: ({ floor, zenLead }) => zenLead <= 2 * floor },
  { what: /^grants/, aim: 'at least 90 /s', isMet: ({ zenLead }) => zenLead >= 90 },
  { what: /^GetLeader/, aim: 'at least 5,000 a second and core', isMet: ({ zenLead }) => zenLead <= 1e6 / 5_000 },
  { what: /^memory/, aim: 'at most 20 KB', isMet: ({ zenLead }) => zenLead <= 20 },
  { what: /message p99/, aim: 'at most 20 ms', isMet: ({ zenLead }) => zenLead <= 20 },
];

if (findAssets(process.env) === null) {
  console.log(missingAssetsLine.replace(/^e2e/, 'bench'));
  process.exit();
}
const setting = describeSetting();
const bundle = prepareBundle();
const controlPlane = await startControlPlane({ controllerManager: false });
const figures: Figure[] = [];
try {
  for (const measure of [measureLocks, measureSubscribers]) {
    const part = await measure(controlPlane, bundle, samples);
    writeClaim({ ...part, setting });
    figures.push(...part.figures);
  }
} finally {
  bundle.close();
  await controlPlane.stop();
}
console.log(renderFigures(figures));
process.exit();

function renderFigures(all: readonly Figure[]): string {
  const rows = all.map((figure) => {
    const { what, unit, floor, zenLead } = figure;
    const aim = aims.find((each) => each.what.test(what));
    const verdict = aim === undefined ? ' | ' : `${aim.aim} | ${aim.isMet(figure) ? 'met' : 'MISSED'}`;
    return `| ${what} | ${floor} ${unit} | ${zenLead} ${unit} | ${ratioOf(figure)} | ${verdict} |`;
  });
  return ['| | floor | zen-lead | ratio | aim | |', '|---|---|---|---|---|---|', ...rows].join('\n');
}
