/**
 * Keeps the failovers of the cluster suite as its clients saw them, and writes their table into
 * docs/performance.md:
 *
 *   export ZEN_LEAD_TIMES=10 ZEN_LEAD_FIGURES=/tmp/figures
 *   npm run test:cluster -- test/cluster/failover.test.ts
 *   node test/cluster/writeFigures.ts /tmp/figures
 *
 * ZEN_LEAD_PROXY_MODE=iptables gives the nodes another kube-proxy. Several files make one table.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeSetting } from '../../bench/describeSetting.ts';
import { page, resultsFolder } from '../../bench/writeClaim.ts';
import type { Sample } from './figures.ts';
import { type ClientFailovers, withFigures } from './renderFigures.ts';

const files = process.argv.slice(2);
if (files.length === 0) throw new Error('usage: node test/cluster/writeFigures.ts FILE...');
const lines = files.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'));
const failovers: ClientFailovers = {
  setting: describeSetting(),
  samples: lines.map((line): Sample => JSON.parse(line)).filter(({ what }) => what.endsWith(': dark time')),
};
writeFileSync(join(resultsFolder, 'client-failovers.json'), `${JSON.stringify(failovers, null, 2)}\n`);
writeFileSync(page, withFigures(readFileSync(page, 'utf8'), failovers));
