/**
 * Measures what more functions cost: the processor time of one, two and four of them together for
 * an event where nothing is to be written, behind a reverse proxy that gives them events in turn.
 * The floor is one function behind the same proxy. docs/performance.md.
 *
 * Functions share nothing. Where an event costs the same with four as with one, so many processors
 * take so many times the events. On a machine with two processors the rate itself cannot show it,
 * because sender and proxy need one of them.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findReverseProxy, missingProxyLine, startReverseProxy } from '../test/support/servers/startReverseProxy.ts';
import { describeSetting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import {
  CANDIDATES,
  CONNECTIONS,
  createReconcileBench,
  EVENTS_A_ROUND,
  type Started,
  WARM_UP,
} from './reconcileBench.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

const counts = [1, 2, 4] as const;

const rounds = readSamples({ script: 'measureHorizontal.ts', samples: 3, reason: 'a round takes some ten seconds' });
const nginx = findReverseProxy(process.env);
if (nginx === null) console.log(missingProxyLine.replace(/^e2e/, 'bench'));
else await measure(nginx);
process.exit();

async function measure(command: string): Promise<void> {
  const setting = describeSetting();
  const bench = await createReconcileBench();
  try {
    const functions: Started[] = [];
    for (let i = 0; i < Math.max(...counts); i += 1) functions.push(await bench.startFunctions(`functions-${i}`));
    await bench.prepare(functions[0]?.url ?? '');
    const tookUs = new Map<number, number>();
    for (const count of counts) {
      const some = functions.slice(0, count);
      const directory = join(bench.directory, `proxy-${count}`);
      mkdirSync(directory);
      const proxy = await startReverseProxy(
        command,
        directory,
        some.map(({ url }) => url),
      );
      await bench.send(proxy.url, 'structured', WARM_UP * count);
      const samples: number[] = [];
      for (let round = 0; round < rounds; round += 1) samples.push(await bench.measure(proxy.url, 'structured', some));
      tookUs.set(count, medianOf(samples));
      await proxy.process.stop('SIGKILL');
    }
    const one = tookUs.get(1) ?? 0;
    writeClaim({
      name: 'horizontal',
      claim: 'Functions behind a reverse proxy: processor time of all of them for an event',
      load: `${CANDIDATES} candidates, median of ${rounds} rounds of ${EVENTS_A_ROUND} events, ${CONNECTIONS} connections; the floor is one function`,
      setting,
      figures: [2, 4].map((count) => ({
        what: `${count} functions`,
        unit: 'us',
        floor: one,
        zenLead: tookUs.get(count) ?? 0,
      })),
    });
  } finally {
    await bench.close();
  }
}
