import { describe, expect, it } from 'vitest';
import type { LeaderConcern } from '../../../../bridge/leaders/leaderConcern.ts';
import type { Source } from '../../../../bridge/queue/concern.ts';
import { createDebounce } from '../../../../bridge/queue/debounce.ts';
import { createRechecks } from '../../../../bridge/queue/recheck.ts';
import { startResync } from '../../../../bridge/queue/resync.ts';
import { aConcern } from '../../../support/objects/aConcern.ts';
import { T0 } from '../../../support/objects/builders.ts';
import { createVirtualClock } from '../../../support/simulated/virtualClock.ts';

describe('recheck', () => {
  function aBench() {
    const clock = createVirtualClock();
    const due: (Source & { dueAt: number })[] = [];
    return { clock, due, rechecks: createRechecks(clock, (source, dueAt) => due.push({ ...source, dueAt })) };
  }
  const a = aConcern('a');

  it('a recheck is due when the reply said', async () => {
    const { clock, due, rechecks } = aBench();
    rechecks.take(a, { recheckAfterMs: 1_500 });
    await clock.advance(1_499);
    expect(due).toEqual([]);
    await clock.advance(1);
    expect(due).toEqual([{ namespace: 'shop', name: 'a', dueAt: T0 + 1_500 }]);
  });

  it('keeps one timer a key: the last reply counts', async () => {
    const { clock, due, rechecks } = aBench();
    rechecks.take(a, { recheckAfterMs: 1_000 });
    rechecks.take(a, { recheckAfterMs: 5_000 });
    rechecks.take(aConcern('b'), { recheckAfterMs: 1_000 });
    await clock.advance(60_000);
    expect(due.map(({ name, dueAt }) => [name, dueAt])).toEqual([
      ['b', T0 + 1_000],
      ['a', T0 + 5_000],
    ]);
  });

  it('a recheck is cleared by a reply that asks for none', async () => {
    const { clock, due, rechecks } = aBench();
    rechecks.take(a, { recheckAfterMs: 1_000 });
    rechecks.take(a, {});
    await clock.advance(60_000);
    expect(due).toEqual([]);
  });

  it('waits an hour at most', async () => {
    const { clock, due, rechecks } = aBench();
    rechecks.take(a, { recheckAfterMs: Number.MAX_SAFE_INTEGER });
    await clock.advance(3_600_000);
    expect(due).toHaveLength(1);
  });

  it('keeps the carry of the last reply until one comes without', () => {
    const { rechecks } = aBench();
    rechecks.take(a, { carry: 'n=1' });
    expect(rechecks.carryOf(a.key)).toBe('n=1');
    rechecks.take(a, {});
    expect(rechecks.carryOf(a.key)).toBeUndefined();
  });

  it('keeps the carry of the last reply when our own rules set the timer', async () => {
    const { clock, due, rechecks } = aBench();
    rechecks.take(a, { recheckAfterMs: 1_000, carry: 'n=1' });
    rechecks.setTimer(a, 3_000);
    await clock.advance(2_999);
    expect(due).toEqual([]);
    await clock.advance(1);
    expect(due).toHaveLength(1);
    rechecks.setTimer(a, 1_000);
    rechecks.setTimer(a, null);
    await clock.advance(60_000);
    expect(due).toHaveLength(1);
    expect(rechecks.carryOf(a.key)).toBe('n=1');
  });

  it('leaves no timer behind when it is closed', () => {
    const { clock, rechecks } = aBench();
    rechecks.take(a, { recheckAfterMs: 1_000 });
    rechecks.close();
    expect(clock.pending()).toBe(0);
  });
});

describe('debounce', () => {
  it('holds a key for 50 ms from the first, and hands over once what came meanwhile', async () => {
    const clock = createVirtualClock();
    const due: LeaderConcern[] = [];
    const debounce = createDebounce<LeaderConcern>(clock, (concern) => due.push(concern));
    const service = { kind: 'Service', name: 'a-leader', verb: 'added' } as const;
    const slice = { kind: 'EndpointSlice', name: 'a-leader-ipv4', verb: 'added' } as const;
    debounce.add(aConcern('a', 'low', { change: service }));
    await clock.advance(40);
    debounce.add(aConcern('a', 'low', { change: slice }));
    debounce.add(aConcern('b', 'low'));
    expect(due).toEqual([]);
    await clock.advance(10);
    expect(due.map(({ name, change }) => [name, change.kind])).toEqual([['a', 'EndpointSlice']]);
    await clock.advance(1_000);
    expect(due.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('forgets a key that is released, and holds it afresh afterwards', async () => {
    const clock = createVirtualClock();
    const due: LeaderConcern[] = [];
    const debounce = createDebounce<LeaderConcern>(clock, (concern) => due.push(concern), 1_000);
    debounce.add(aConcern('a', 'low'));
    debounce.add(aConcern('b', 'low'));
    debounce.release(aConcern('a').key);
    debounce.release(aConcern('c').key);
    await clock.advance(600);
    debounce.add(aConcern('a', 'low'));
    await clock.advance(999);
    expect(due.map(({ name }) => name)).toEqual(['b']);
    await clock.advance(1);
    expect(due.map(({ name }) => name)).toEqual(['b', 'a']);
  });

  it('leaves no timer behind when it is closed', () => {
    const clock = createVirtualClock();
    const debounce = createDebounce(clock, () => {});
    debounce.add(aConcern('a', 'low'));
    debounce.close();
    expect(clock.pending()).toBe(0);
  });
});

describe('resync', () => {
  it.each([
    ['back', 0, -3_600_000],
    ['ahead for a moment', 3_600_000, 0],
  ])('the resync goes on when the wall clock is set %s an hour', async (_, first, then) => {
    const clock = createVirtualClock();
    const due: string[] = [];
    const sources = [{ namespace: 'ns', name: 'a' }];
    const resync = startResync(
      clock,
      { periodMs: 1_000, tickMs: 100 },
      () => sources,
      ({ name }) => void due.push(name),
    );
    clock.setWallClock(first);
    await clock.advance(2_000);
    const before = due.length;
    clock.setWallClock(then);
    await clock.advance(10_000);
    expect(due.length - before).toBeGreaterThanOrEqual(9);
    expect(due.length - before).toBeLessThanOrEqual(11);
    resync.close();
  });

  const tuning = { periodMs: 30_000, tickMs: 250 };
  const sources = (count: number): Source[] =>
    Array.from({ length: count }, (_, n) => ({ namespace: 'shop', name: `s-${n}` }));

  it('reaches every source once in a period, spread evenly', async () => {
    const clock = createVirtualClock();
    const added: (Source & { now: number })[] = [];
    startResync(
      clock,
      tuning,
      () => sources(120),
      (source, now) => added.push({ ...source, now }),
    );
    await clock.advance(15_000);
    expect(added.length).toBeGreaterThanOrEqual(59);
    expect(added.length).toBeLessThanOrEqual(61);
    await clock.advance(15_000);
    expect(new Set(added.map(({ name }) => name)).size).toBe(120);
    expect(added).toHaveLength(120);
    // 120 in 120 ticks: never a burst.
    const ticks = [...Map.groupBy(added, ({ now }) => now).values()];
    expect(Math.max(...ticks.map((tick) => tick.length))).toBeLessThanOrEqual(2);
  });

  it('the resync goes on, round after round, with the sources of that time', async () => {
    const clock = createVirtualClock();
    const added: (Source & { now: number })[] = [];
    let known = sources(2);
    startResync(
      clock,
      tuning,
      () => known,
      (source, now) => added.push({ ...source, now }),
    );
    await clock.advance(30_000);
    known = sources(5);
    await clock.advance(60_000);
    expect(added).toHaveLength(2 + 2 + 5);
  });

  it('the resync comes back to a source after one period, in whatever order the sources are listed', async () => {
    const clock = createVirtualClock();
    const due: { readonly name: string; readonly at: number }[] = [];
    let known = sources(3);
    startResync(
      clock,
      tuning,
      () => known,
      ({ name }, now) => due.push({ name, at: now }),
    );
    await clock.advance(30_000);
    known = sources(3).toReversed();
    await clock.advance(90_000);
    const ofFirst = due.filter(({ name }) => name === 's-0').map(({ at }) => at);
    expect(ofFirst.map((at) => at - (ofFirst[0] ?? 0))).toEqual([0, 30_000, 60_000, 90_000]);
  });

  it('makes up for ticks that came late, once', async () => {
    const clock = createVirtualClock();
    const added: (Source & { now: number })[] = [];
    startResync(
      clock,
      tuning,
      () => sources(10),
      (source, now) => added.push({ ...source, now }),
    );
    clock.jump(600_000);
    await clock.advance(0);
    expect(added).toHaveLength(10);
    await clock.advance(30_000);
    expect(added).toHaveLength(20);
  });

  it('ends when it is closed', async () => {
    const clock = createVirtualClock();
    const added: (Source & { now: number })[] = [];
    const resync = startResync(
      clock,
      tuning,
      () => sources(10),
      (source, now) => added.push({ ...source, now }),
    );
    resync.close();
    await clock.advance(60_000);
    expect(added).toEqual([]);
    expect(clock.pending()).toBe(0);
  });
});
