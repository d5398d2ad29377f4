import { describe, expect, it } from 'vitest';
import { runScaleDown } from './runScaleDown.ts';
import { scaleFences } from './scaleFences.ts';

const SEEDS = process.env['CI'] === undefined ? 8 : 100;
/** From the known seed on. */
const SEARCHED = 10;

describe('scale-down under kills, freezes, losses and users', () => {
  it('keeps D1 to D3, comes down in the end, and restores everything', async () => {
    let scaled = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { violations, down } = await runScaleDown(seed);
      expect(violations, `seed ${seed}`).toEqual([]);
      scaled += down;
    }
    expect(scaled).toBeGreaterThan(SEEDS);
  });
});

it.each(scaleFences)(
  'without $name some run of scale-down fails, and the same run with it does not',
  async ({ fence, noticedBy, knownSeed }) => {
    for (let seed = knownSeed; seed < knownSeed + SEARCHED; seed += 1) {
      const [violation] = (await runScaleDown(seed, fence)).violations;
      if (violation === undefined || !noticedBy.some((name) => violation.startsWith(name))) continue;
      expect((await runScaleDown(seed)).violations, `seed ${seed}`).toEqual([]);
      return;
    }
    expect.fail(`no seed of ${SEARCHED} failed without it`);
  },
);
