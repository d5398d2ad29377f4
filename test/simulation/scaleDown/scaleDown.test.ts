import { describe, expect, it } from 'vitest';
import { runScaleDown } from './runScaleDown.ts';
import { scaleFences } from './scaleFences.ts';

const SEEDS = process.env['CI'] === undefined ? 8 : 100;
/** The known seed is tried first. Another course of the runs finds another one. */
const SEARCHED = Array.from({ length: 60 }, (_, index) => index + 1);

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
    for (const seed of [knownSeed, ...SEARCHED]) {
      const [violation] = (await runScaleDown(seed, fence)).violations;
      if (violation === undefined || !noticedBy.some((name) => violation.startsWith(name))) continue;
      const { wrapApi: _, ...same } = fence;
      expect((await runScaleDown(seed, same)).violations, `seed ${seed}`).toEqual([]);
      return;
    }
    expect.fail(`no seed of ${SEARCHED.length} failed without it`);
  },
);
