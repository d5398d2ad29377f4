import { describe, expect, it } from 'vitest';
import { runFlows } from './runFlows.ts';

const count = Number(process.env['FLOW_SEEDS'] ?? (process.env['CI'] === undefined ? 60 : 500));
const from = Number(process.env['FLOW_FROM'] ?? 1);
const SEEDS_A_TEST = 20;
const firsts = Array.from({ length: Math.ceil(count / SEEDS_A_TEST) }, (_, index) => from + index * SEEDS_A_TEST);

describe('flows under kills, freezes, losses and people', () => {
  it.each(firsts)('keep Z1 to Z14, and end (L1): 20 seeds from %i', async (first) => {
    for (let seed = first; seed < first + SEEDS_A_TEST; seed += 1) {
      const { violations } = await runFlows(seed);
      expect(violations, `seed ${seed}`).toEqual([]);
    }
  });
});
