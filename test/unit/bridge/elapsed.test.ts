import { expect, it } from 'vitest';
import { createElapsed } from '../../../bridge/elapsed.ts';

function aMachine() {
  let wall = 1_000_000;
  let monotonic = 500;
  return {
    elapsed: createElapsed(
      () => wall,
      () => monotonic,
    ),
    pass(ms: number) {
      wall += ms;
      monotonic += ms;
    },
    suspend(ms: number) {
      wall += ms;
    },
    setWallClock(byMs: number) {
      wall += byMs;
    },
  };
}

it('counts what passes, also after the wall clock was set back', () => {
  const { elapsed, pass, setWallClock } = aMachine();
  const startedAt = elapsed();
  pass(5_000);
  expect(elapsed() - startedAt).toBe(5_000);
  setWallClock(-3_600_000);
  expect(elapsed() - startedAt).toBe(5_000);
  pass(5_000);
  expect(elapsed() - startedAt).toBe(10_000);
});

it('takes a wall clock that is set ahead for a suspension, once, and never goes back when it is set right', () => {
  const { elapsed, pass, setWallClock } = aMachine();
  const startedAt = elapsed();
  setWallClock(3_600_000);
  expect(elapsed() - startedAt).toBe(3_600_000);
  pass(10);
  setWallClock(-3_600_000);
  expect(elapsed() - startedAt).toBe(3_600_010);
  pass(90_000);
  expect(elapsed() - startedAt).toBe(3_690_010);
});

it('counts the time for which the machine was suspended', () => {
  const { elapsed, suspend } = aMachine();
  const startedAt = elapsed();
  suspend(60_000);
  expect(elapsed() - startedAt).toBe(60_000);
});

it('runs no faster when it is read often, or while NTP slews the wall clock', () => {
  const { elapsed, pass, setWallClock } = aMachine();
  const startedAt = elapsed();
  for (let n = 0; n < 1_000; n += 1) {
    pass(10);
    setWallClock(n % 2 === 0 ? 1 : -0.5);
    elapsed();
  }
  expect(elapsed() - startedAt).toBe(10_000);
});
