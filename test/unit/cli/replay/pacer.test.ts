import { expect, it } from 'vitest';
import { createPacer } from '../../../../cli/replay/stepper.ts';

const never = new AbortController().signal;

/** How long the pauses before these instants take together. */
async function pausesMs(speed: number, ...instants: readonly number[]): Promise<number> {
  const pause = createPacer(speed);
  const startedAt = performance.now();
  for (const at of instants) await pause(at, never);
  return performance.now() - startedAt;
}

it('a replay at --speed 400 makes pauses 400 times as short', async () => {
  const tookMs = await pausesMs(400, 0, 40_000);
  // A timer may be a millisecond early; a full pause would be 40 s.
  expect(tookMs).toBeGreaterThan(95);
  expect(tookMs).toBeLessThan(15_000);
});

it('a replay without --speed makes no pauses, nor where time steps back', async () => {
  expect(await pausesMs(0, 0, 60_000)).toBeLessThan(15_000);
  expect(await pausesMs(1, 60_000, 0)).toBeLessThan(15_000);
});
