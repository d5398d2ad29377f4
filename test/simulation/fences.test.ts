/**
 * Proves that the simulation bites. With one fence taken away, some seed must fail by an invariant
 * that the fence protects. The same run with the fence in place must pass. A fence whose loss no
 * seed shows is not needed, or the simulation is too tame.
 */

import { expect, it } from 'vitest';
import { electionFences } from './electionFences.ts';
import { type RemovedFence, removedFences } from './fences.ts';
import { nodeFences } from './nodes/nodeFences.ts';
import { renderFailure } from './renderFailure.ts';
import { reportFences } from './reports/reportFences.ts';
import { runSeed } from './runSeed.ts';

/** What draws from streams of its own is left out, where a fence is not about it. */
const alone = {
  ...{ checks: false, roles: false, demotes: false, fights: false },
  ...{ nodes: false, reports: false, overloads: false, handovers: false },
};

it.each([...removedFences, ...nodeFences, ...reportFences, ...electionFences])(
  'without $name some run violates one of its invariants, and the same run with it violates nothing',
  async (fence) => {
    const seed = await findHarm(fence);
    const { fence: _, ignored: __, ...sameOtherwise } = { ...alone, ...fence.options };
    const intact = await runSeed(seed, sameOtherwise);
    if (intact.violation !== null) expect.fail(renderFailure(intact));
  },
  120_000,
);

async function findHarm({ options, noticedBy, knownSeed, withinSeeds }: RemovedFence): Promise<number> {
  const others = Array.from({ length: withinSeeds }, (_, i) => i + 1);
  for (const seed of [knownSeed, ...others]) {
    const { violation } = await runSeed(seed, { ...alone, ...options });
    if (violation !== null && noticedBy.includes(violation.check)) return seed;
  }
  return expect.fail(`no seed of ${withinSeeds} failed without it`);
}
