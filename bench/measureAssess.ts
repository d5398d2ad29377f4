/**
 * Measures how long the rules take for the first election of a Service, writes included, by its
 * number of candidates. The floor is JSON.parse of the same snapshot, which a function has to do
 * before it can decide anything. docs/performance.md.
 */

import { performance } from 'node:perf_hooks';
import { assess } from '../lib/selection/assess.ts';
import type { Snapshot } from '../lib/selection/snapshot.ts';
import { aCandidate, aService, T0, version } from '../test/support/objects/builders.ts';
import type { Figure } from './claim.ts';
import { describeSetting } from './describeSetting.ts';
import { readSamples } from './readSamples.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

const rounds = readSamples({ script: 'measureAssess.ts', samples: 15, reason: 'a round takes a tenth of a second' });
const CANDIDATES_A_ROUND = 60_000;

const setting = describeSetting();
const figures = [3, 10, 100, 1_000].map((count) => measure(count));
writeClaim({
  name: 'assess',
  claim: 'The rules for one Service: a first election and its writes',
  load: `median of ${rounds} rounds of ${CANDIDATES_A_ROUND} candidates in all, one core`,
  setting,
  figures,
});

function measure(count: number): Figure {
  const snapshot = withoutLeader(count);
  const text = JSON.stringify(snapshot);
  const times = CANDIDATES_A_ROUND / count;
  const rules = (): unknown => assess(snapshot, T0).writes;
  if (assess(snapshot, T0).decision.kind !== 'elected') throw new Error('the snapshot elects no pod');
  const took: Record<'floor' | 'zenLead', number[]> = { floor: [], zenLead: [] };
  for (let round = 0; round < rounds; round += 1) {
    took.floor.push(timeUs(times, () => JSON.parse(text)));
    took.zenLead.push(timeUs(times, rules));
  }
  return {
    what: `${count} candidates`,
    unit: 'us',
    floor: medianOf(took.floor),
    zenLead: medianOf(took.zenLead),
  };
}

function withoutLeader(count: number): Snapshot {
  return {
    namespace: 'shop',
    name: 'postgres',
    source: aService(),
    candidates: Array.from({ length: count }, (_, i) => aCandidate({ name: `postgres-${i}` })),
    services: [],
    slices: [],
    revisions: { pods: version(1), services: version(1), slices: version(1) },
  };
}

function timeUs(times: number, run: () => unknown): number {
  const startedAt = performance.now();
  for (let i = 0; i < times; i += 1) run();
  return ((performance.now() - startedAt) * 1_000) / times;
}
