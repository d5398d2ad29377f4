import { describe, expect, it } from 'vitest';
import type { LeaderConcern } from '../../../../bridge/leaders/leaderConcern.ts';
import { createHedge, defaultHedgeTuning, MAX_WAIT_MS } from '../../../../bridge/replicas/hedge.ts';
import { aConcern } from '../../../support/objects/aConcern.ts';
import { createVirtualClock, type VirtualClock } from '../../../support/simulated/virtualClock.ts';

const { delayMs: DELAY_MS, maxInFlight: MAX_HINTS } = defaultHedgeTuning;

interface Bench {
  readonly clock: VirtualClock;
  /** Names for which our own rules would change the route. */
  readonly wanted: Set<string>;
  /** What is wanted for a name, where a test says so. */
  readonly changes: Map<string, string>;
  /** Names of the hints that went out, in order. */
  readonly sent: readonly string[];
  /** A pod of it has changed, and the rules want a change of the route. */
  lose(name: string): void;
  /** Its slice has changed, and the rules are content. */
  settle(name: string): void;
  isDue(concern: LeaderConcern): boolean;
  note(concern: LeaderConcern): void;
  finish(name: string): void;
  clear(): void;
}

function aBench(): Bench {
  const clock = createVirtualClock();
  const wanted = new Set<string>();
  const changes = new Map<string, string>();
  const sent: string[] = [];
  const hedge = createHedge<LeaderConcern>({
    clock,
    random: () => 1,
    wish: ({ name }) => ({ wantsChange: wanted.has(name), change: changes.get(name) ?? '', nextAt: null }),
    recheckAt: () => {},
    isProgress: ({ change }) => change.kind !== 'Pod',
    send(concern) {
      if (hedge.isDue(concern)) sent.push(concern.name);
      else hedge.note(concern);
    },
  });
  return {
    clock,
    wanted,
    changes,
    sent,
    lose(name) {
      wanted.add(name);
      hedge.note(aConcern(name, 'failover'));
    },
    settle(name) {
      wanted.delete(name);
      const change = { kind: 'EndpointSlice', name: `${name}-leader-ipv4`, verb: 'modified' } as const;
      hedge.note(aConcern(name, 'low', { type: 'io.zen-lead.service.drifted', change }));
    },
    isDue: hedge.isDue,
    note: hedge.note,
    finish: (name) => hedge.finish(aConcern(name).key),
    clear: hedge.clear,
  };
}

describe('a change that concerns us', () => {
  it.each([
    ['back', 0, -3_600_000],
    ['ahead for a moment', 3_600_000, 0],
  ])('a change that concerns us comes in its time when the wall clock is set %s an hour', async (_, first, then) => {
    const bench = aBench();
    bench.clock.setWallClock(first);
    bench.lose('a');
    bench.clock.setWallClock(then);
    await bench.clock.advance(DELAY_MS + 1);
    expect(bench.sent).toEqual(['a']);
  });

  it('a change that concerns us costs nothing where our own rules would leave the route as it is', async () => {
    const bench = aBench();
    expect(bench.isDue(aConcern('a'))).toBe(false);
    bench.note(aConcern('a'));
    await bench.clock.advance(60_000);
    expect(bench.sent).toEqual([]);
    expect(bench.clock.pending()).toBe(0);
  });

  it('a change that concerns us is the holder’s to settle within the hedge delay', async () => {
    const bench = aBench();
    bench.lose('a');
    await bench.clock.advance(DELAY_MS - 1);
    bench.settle('a');
    await bench.clock.advance(60_000);
    expect(bench.sent).toEqual([]);
  });

  it('a change that concerns us is hinted at after the hedge delay when no replica settles it', async () => {
    const bench = aBench();
    bench.lose('a');
    await bench.clock.advance(DELAY_MS - 1);
    expect(bench.sent).toEqual([]);
    await bench.clock.advance(1);
    expect(bench.sent).toEqual(['a']);
  });

  it('waits no longer because more comes about the same Service', async () => {
    const bench = aBench();
    bench.lose('a');
    await bench.clock.advance(DELAY_MS - 1);
    bench.lose('a');
    await bench.clock.advance(1);
    expect(bench.sent).toEqual(['a']);
  });
});

describe('asking', () => {
  it('whether a hint is due files nothing and starts no timer', async () => {
    const bench = aBench();
    bench.wanted.add('a');
    expect(bench.isDue(aConcern('a', 'failover'))).toBe(false);
    expect(bench.clock.pending()).toBe(0);
    await bench.clock.advance(60_000);
    expect(bench.sent).toEqual([]);
  });
});

describe('progress elsewhere', () => {
  it('means that the holder lives: everything waits for as long as something is settled', async () => {
    const bench = aBench();
    for (const name of ['a', 'b', 'c', 'd']) bench.lose(name);
    for (const name of ['a', 'b', 'c']) {
      await bench.clock.advance(DELAY_MS - 1);
      bench.settle(name);
    }
    expect(bench.sent).toEqual([]);
    await bench.clock.advance(DELAY_MS);
    expect(bench.sent).toEqual(['d']);
  });

  it('keeps no key waiting for more than three seconds', async () => {
    const bench = aBench();
    bench.lose('stuck');
    for (let waitedMs = 0; waitedMs < MAX_WAIT_MS; waitedMs += 100) {
      expect(bench.sent).toEqual([]);
      bench.lose(`other-${waitedMs}`);
      bench.settle(`other-${waitedMs}`);
      await bench.clock.advance(100);
    }
    expect(bench.sent).toEqual(['stuck']);
  });

  it('progress elsewhere is not what a pod undoes by itself: no replica has done anything', async () => {
    const bench = aBench();
    bench.lose('a');
    bench.lose('b');
    await bench.clock.advance(DELAY_MS - 1);
    bench.wanted.delete('a');
    bench.note(aConcern('a'));
    await bench.clock.advance(1);
    expect(bench.sent).toEqual(['b']);
  });

  it('progress elsewhere is not what our own hints have done', async () => {
    const bench = aBench();
    for (let n = 0; n < MAX_HINTS + 2; n += 1) bench.lose(`s${n}`);
    await bench.clock.advance(DELAY_MS);
    expect(bench.sent).toHaveLength(MAX_HINTS);
    bench.finish('s0');
    bench.settle('s0');
    expect(bench.sent).toHaveLength(MAX_HINTS + 1);
  });
});

describe('a mass failover without a holder', () => {
  it('a mass failover without a holder goes oldest first, twenty at a time', async () => {
    const bench = aBench();
    for (let n = 0; n < 100; n += 1) {
      bench.lose(`s${n}`);
      await bench.clock.advance(1);
    }
    await bench.clock.advance(DELAY_MS);
    const expected = Array.from({ length: 100 }, (_, n) => `s${n}`);
    expect(bench.sent).toEqual(expected.slice(0, MAX_HINTS));
    for (let n = 0; n < 100; n += 1) {
      bench.finish(`s${n}`);
      bench.settle(`s${n}`);
      expect(bench.sent.length).toBeLessThanOrEqual(n + 1 + MAX_HINTS);
    }
    expect(bench.sent).toEqual(expected);
  });
});

describe('a hint', () => {
  it('a hint is not sent when the holder has settled it while it waited for a place', async () => {
    const clock = createVirtualClock();
    const wanted = new Set(['a']);
    const queued: LeaderConcern[] = [];
    const hedge = createHedge<LeaderConcern>({
      clock,
      random: () => 1,
      wish: ({ name }) => ({ wantsChange: wanted.has(name), nextAt: null }),
      recheckAt: () => {},
      isProgress: ({ change }) => change.kind !== 'Pod',
      send: (concern) => queued.push(concern),
    });
    hedge.note(aConcern('a'));
    await clock.advance(DELAY_MS);
    expect(queued).toHaveLength(1);
    wanted.clear();
    expect(queued.map(hedge.isDue)).toEqual([false]);
    hedge.note(aConcern('a'));
    await clock.advance(60_000);
    expect(queued).toHaveLength(1);
  });

  it('a hint that changed nothing visible is sent again later and later, once a minute at last', async () => {
    const bench = aBench();
    bench.lose('a');
    const at: number[] = [];
    for (let steps = 0; steps < 3_000; steps += 1) {
      const before = bench.sent.length;
      await bench.clock.advance(100);
      if (bench.sent.length === before) continue;
      at.push(bench.clock.now());
      bench.finish('a');
    }
    const gaps = at.slice(1).map((each, n) => each - (at[n] ?? 0));
    // The rest, and the hedge delay after it.
    expect(gaps.slice(0, 4)).toEqual([700, 1_200, 2_200, 4_200]);
    expect(Math.max(...gaps)).toBe(60_200);
    expect(gaps.length).toBeLessThan(12);
  });

  it('a hint that changed nothing visible keeps no hint waiting that wants another change', async () => {
    const bench = aBench();
    bench.changes.set('a', 'LeaderUnhealthy b');
    bench.lose('a');
    for (let hints = 1; hints <= 8; hints += 1) {
      while (bench.sent.length < hints) await bench.clock.advance(100);
      bench.finish('a');
    }
    bench.lose('a');
    await bench.clock.advance(DELAY_MS);
    expect(bench.sent).toHaveLength(8);

    bench.changes.set('a', 'LeaderNotReady b');
    bench.lose('a');
    await bench.clock.advance(DELAY_MS);
    expect(bench.sent).toHaveLength(9);
    bench.finish('a');
    bench.lose('a');
    await bench.clock.advance(DELAY_MS);
    expect(bench.sent).toHaveLength(9);
  });

  it('starts from the beginning once its Service was content in between', async () => {
    const bench = aBench();
    for (let round = 1; round <= 3; round += 1) {
      bench.lose('a');
      await bench.clock.advance(DELAY_MS);
      expect(bench.sent).toHaveLength(round);
      bench.finish('a');
      bench.settle('a');
    }
  });
});

it('forgets everything when this replica becomes the holder', async () => {
  const bench = aBench();
  bench.lose('a');
  bench.lose('b');
  await bench.clock.advance(DELAY_MS - 1);
  bench.clear();
  await bench.clock.advance(60_000);
  expect(bench.sent).toEqual([]);
  expect(bench.clock.pending()).toBe(0);
});
