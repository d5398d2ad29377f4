import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createHeartbeatWheel } from '../../../api/heartbeatWheel.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('spreads the turns of 10,000 entries that came at once, and gives each one a period', async () => {
  const wheel = createHeartbeatWheel();
  const turns = new Map<number, number>();
  for (let entry = 0; entry < 10_000; entry += 1)
    wheel.add({ beat: () => void turns.set(entry, (turns.get(entry) ?? 0) + 1) });
  let before = 0;
  for (let atMs = 0; atMs < 15_000; atMs += 1_000) {
    await vi.advanceTimersByTimeAsync(1_000);
    expect(turns.size - before, `in the second from ${atMs} ms`).toBeLessThan(700);
    before = turns.size;
  }
  expect(turns.size).toBe(10_000);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(new Set(turns.values())).toEqual(new Set([3]));
});

it('fills the gaps that entries leave, so that later ones are spread as well', async () => {
  const wheel = createHeartbeatWheel();
  const stops = Array.from({ length: 600 }, () => wheel.add({ beat() {} }));
  for (const stop of stops.slice(0, 300)) stop();
  let most = 0;
  let now = 0;
  const beat = (): void => {
    now += 1;
    most = Math.max(most, now);
  };
  for (let entry = 0; entry < 300; entry += 1) wheel.add({ beat });
  for (let tick = 0; tick < 300; tick += 1) {
    now = 0;
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(most).toBe(1);
});

it('lets no entry wait longer than a period, however late the event loop was', async () => {
  let atMs = 0;
  const wheel = createHeartbeatWheel(() => atMs);
  let turns = 0;
  for (let entry = 0; entry < 300; entry += 1) wheel.add({ beat: () => void turns++ });
  atMs = 14_000;
  await vi.advanceTimersByTimeAsync(50);
  expect(turns).toBe(280);
  atMs = 100_000;
  await vi.advanceTimersByTimeAsync(50);
  expect(turns, 'after a long sleep, each once').toBe(580);
});

it('keeps no timer without entries', async () => {
  const wheel = createHeartbeatWheel();
  const stop = wheel.add({ beat() {} });
  stop();
  stop();
  expect(vi.getTimerCount()).toBe(0);
  let turns = 0;
  wheel.add({ beat: () => void turns++ });
  await vi.advanceTimersByTimeAsync(15_000);
  expect(turns).toBe(1);
});
