/**
 * Tests what many keys may do to one: a tenant whose Services flap, and a sink that does not answer
 * while everything changes.
 */

import { expect, it } from 'vitest';
import { ZenLeadError } from '../../../../lib/errors.ts';
import { aDeliveryBench } from '../../../support/simulated/deliveryBench.ts';
import { settle } from '../../../support/simulated/virtualClock.ts';

const KEYS = 10_000;
const unreachable = new ZenLeadError('SINK_UNREACHABLE', 'refused', { retry: 'later' });

it('the failover of one tenant waits for no more than what is in flight while 400 Services of another one flap', async () => {
  const bench = aDeliveryBench();
  const flap = (): void => {
    for (let n = 0; n < 400; n += 1) bench.add(`flapping-${n}`, 'failover', 'noisy');
  };
  flap();
  await settle();
  const inFlight = bench.limitNow();
  bench.add('postgres', 'failover');
  let answers = 0;
  while (!bench.answered.some(({ name }) => name === 'postgres') && answers < 1_000) {
    flap();
    await bench.calls.find((call) => call.isOpen)?.answer(200);
    answers += 1;
  }
  // One answer makes room for two of them, and those before are answered first.
  expect(answers).toBeLessThanOrEqual(inFlight + 2);
});

it('a sink that never answers costs a few events at a time while 10,000 keys change every second', async () => {
  const bench = aDeliveryBench({ maxWaiting: 1_000 });
  let mostOpen = 0;
  for (let second = 0; second < 30; second += 1) {
    for (let n = 0; n < KEYS; n += 1) bench.add(`churning-${n}`, n % 2 === 0 ? 'change' : 'low');
    await bench.clock.advance(1_000);
    mostOpen = Math.max(mostOpen, bench.limitNow());
  }
  const { failover, change, low } = bench.queue.depth();
  expect(failover + change + low).toBeLessThanOrEqual(1_000);
  expect(mostOpen).toBeLessThanOrEqual(16);
  expect(bench.calls.length).toBeLessThan(150);
  expect(bench.clock.pending()).toBeLessThan(200);
});

it('a failover is sent next to a sink that has not answered for long, and first when it answers again', async () => {
  let isBack = false;
  const room: string[] = [];
  const bench = aDeliveryBench({
    maxWaiting: 1_000,
    onRoom: (leftOut) => room.push(...leftOut.map(({ name }) => name)),
    reply: () => (isBack ? 200 : undefined),
  });
  for (let second = 0; second < 10; second += 1) {
    for (let n = 0; n < KEYS; n += 1) bench.add(`churning-${n}`);
    await bench.clock.advance(1_000);
  }
  const before = bench.calls.length;
  bench.add('postgres', 'failover');
  while (bench.calls.length === before) await bench.clock.advance(100);
  expect(bench.calls.at(before)?.event.partitionkey).toBe('shop/postgres');
  await bench.clock.advance(30_000);
  isBack = true;
  while (bench.answered.length === 0) await bench.clock.advance(100);
  const told = bench.answered.length;
  await bench.clock.advance(5_000);
  expect(bench.answered.slice(0, told + 64).map(({ name }) => name)).toContain('postgres');
  // Each key is still queued, answered, or named to be added again.
  const answered = bench.answered.map(({ name }) => name);
  expect(new Set([...answered, ...room]).size).toBe(KEYS + 1);
});

it('a sink that was away for a minute gets everything within two seconds of its return, and no dead letter', async () => {
  let isBack = false;
  const bench = aDeliveryBench({ reply: () => (isBack ? 200 : unreachable) });
  for (let n = 0; n < 200; n += 1) bench.add(`service-${n}`, 'change');
  await bench.clock.advance(30_000);
  bench.add('postgres', 'failover');
  await bench.clock.advance(30_000);
  isBack = true;
  await bench.clock.advance(2_000);
  expect(new Set(bench.answered.map(({ name }) => name)).size).toBe(201);
  expect(bench.answered.slice(0, 2).map(({ name }) => name)).toContain('postgres');
  expect(bench.letters).toEqual([]);
});
