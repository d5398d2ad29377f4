/**
 * Measures the processor time of a function for an event where nothing is to be written: 10
 * candidates, a token that it verifies, in both modes of CloudEvents over HTTP. The floor is a bare
 * Fastify that parses the same body, verifies nothing and decides nothing. docs/performance.md.
 */

import type { Figure } from './claim.ts';
import { describeSetting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import { CANDIDATES, CONNECTIONS, createReconcileBench, EVENTS_A_ROUND, type Mode, WARM_UP } from './reconcileBench.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

const rounds = readSamples({ script: 'measureReconciles.ts', samples: 5, reason: 'a round takes some ten seconds' });
const setting = describeSetting();
const bench = await createReconcileBench();
try {
  const zenLead = await bench.startFunctions('zen-lead');
  const floor = await bench.startFloor();
  await bench.prepare(zenLead.url);
  const figures: Figure[] = [];
  for (const mode of ['structured', 'binary'] as const) {
    for (const { url } of [floor, zenLead]) await bench.send(url, mode, WARM_UP);
    const tookUs: Record<'floor' | 'zenLead', number[]> = { floor: [], zenLead: [] };
    for (let round = 0; round < rounds; round += 1) {
      tookUs.floor.push(await bench.measure(floor.url, mode, [floor]));
      tookUs.zenLead.push(await bench.measure(zenLead.url, mode, [zenLead]));
    }
    figures.push(toFigure(mode, medianOf(tookUs.floor), medianOf(tookUs.zenLead)));
  }
  writeClaim({
    name: 'reconciles',
    claim: 'A reconcile with nothing to write, token verified, over HTTP: processor time of the function',
    load: `${CANDIDATES} candidates, median of ${rounds} rounds of ${EVENTS_A_ROUND} events, ${CONNECTIONS} connections`,
    setting,
    figures,
  });
} finally {
  await bench.close();
}
process.exit();

function toFigure(mode: Mode, floor: number, zenLead: number): Figure {
  const aSecond = Math.round(1e6 / zenLead).toLocaleString('en');
  return { what: `${mode} mode: ${aSecond} a second and core`, unit: 'us', floor, zenLead };
}
