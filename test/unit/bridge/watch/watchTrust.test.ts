import { describe, expect, it } from 'vitest';
import { createWatchTrust } from '../../../../bridge/watch/watchTrust.ts';

const limits = { silentMs: 90_000, blindMs: 3_000, proofMs: 1_000, replayMs: 100, tickMs: 1_000 };

/** A watch that was listed and opened at 0, ticking every second. */
function aTrust() {
  const trust = createWatchTrust(limits, 0);
  trust.listed(0, 0);
  trust.opened(0);
  let now = 0;
  return {
    ...trust,
    /** Lets the clock tick up to `until`; the verdicts on the way, without repetition. */
    run(until: number): readonly string[] {
      const verdicts = new Set<string>();
      for (now += 1_000; now <= until; now += 1_000) verdicts.add(trust.tick(now));
      now -= 1_000;
      return [...verdicts];
    },
  };
}

describe('trust in a watch', () => {
  it('trust in a watch stays while bookmarks come', () => {
    const trust = aTrust();
    for (let minute = 1; minute <= 10; minute += 1) {
      expect(trust.run(minute * 60_000)).toEqual(['fine']);
      trust.heard(minute * 60_000);
      expect(trust.isStale(minute * 60_000)).toBe(false);
    }
    expect(trust.lastHeardAt()).toBe(600_000);
  });

  it('trust in a watch goes when nothing is heard for longer than a bookmark takes: half-open, stalled, or from the future', () => {
    const trust = aTrust();
    expect(trust.run(90_000)).toEqual(['fine']);
    expect(trust.isStale(90_000)).toBe(false);
    expect(trust.run(91_000)).toEqual(['silent']);
    expect(trust.isStale(91_000)).toBe(true);
  });

  it('survives a cut that is mended at once: the server ends every watch sometime', () => {
    const trust = aTrust();
    trust.run(10_000);
    trust.cut(10_000);
    trust.opened(10_400);
    expect(trust.isStale(10_400)).toBe(false);
    expect(trust.run(60_000)).toEqual(['fine']);
  });

  it('trust in a watch goes after three seconds of a cut', () => {
    const trust = aTrust();
    trust.run(10_000);
    trust.cut(10_000);
    trust.run(13_000);
    expect(trust.isStale(13_000)).toBe(false);
    trust.cut(13_000); // another attempt failed: the cut is as old as before
    expect(trust.isStale(13_001)).toBe(true);
  });

  it('says when no watch was open, also while none is, and takes two outages within 8 s for one', () => {
    const trust = aTrust();
    expect(trust.lastGap(5_000)).toEqual({ from: 0, until: 0 });
    trust.cut(10_000);
    expect(trust.lastGap(11_000)).toEqual({ from: 10_000, until: 11_000 });
    trust.listed(11_500, 11_900);
    trust.opened(12_000);
    expect(trust.lastGap(15_000)).toEqual({ from: 10_000, until: 12_000 });
    trust.cut(19_999);
    trust.opened(20_100);
    expect(trust.lastGap(21_000)).toEqual({ from: 10_000, until: 20_100 });
    trust.cut(28_100);
    expect(trust.lastGap(28_200)).toEqual({ from: 28_100, until: 28_200 });
  });

  it('does not come back with an accepted connection alone, which a watch from the future gets too', () => {
    const trust = aTrust();
    trust.cut(0);
    trust.run(20_000);
    trust.opened(20_000);
    expect(trust.isStale(20_000)).toBe(true);
    expect(trust.run(21_000)).toEqual(['fine']);
    expect(trust.run(22_000)).toEqual(['unproven']);
  });

  it('trust in a watch comes back a moment after the first line that follows a cut: it is the oldest of what is replayed', () => {
    const trust = aTrust();
    trust.cut(0);
    trust.run(20_000);
    trust.opened(20_000);
    trust.heard(20_100);
    expect(trust.isStale(20_100)).toBe(true);
    trust.heard(20_190);
    expect(trust.isStale(20_199)).toBe(true);
    expect(trust.isStale(20_200)).toBe(false);
    expect(trust.run(60_000)).toEqual(['fine']);
  });

  it('trust in a watch that is cut while it replays comes back with the next one', () => {
    const trust = aTrust();
    trust.cut(0);
    trust.run(20_000);
    trust.opened(20_000);
    trust.heard(20_001);
    trust.cut(20_005);
    expect(trust.isStale(20_500)).toBe(true);
    trust.opened(21_000);
    expect(trust.isStale(21_500)).toBe(true);
    trust.heard(21_600);
    trust.cut(21_700);
    expect(trust.isStale(21_700)).toBe(false);
  });

  it('trust in a watch is not lost again by a LIST that took long: what it brought is new', () => {
    const trust = aTrust();
    trust.cut(0);
    trust.run(20_000);
    trust.listed(5_000, 20_000);
    expect(trust.isStale(20_000)).toBe(false);
    trust.opened(20_100);
    expect(trust.isStale(20_100)).toBe(false);
    expect(trust.run(30_000)).toEqual(['fine']);
  });

  it('trust in a watch goes when the process was frozen, before any timer has run', () => {
    const trust = aTrust();
    trust.run(10_000);
    expect(trust.isStale(14_000)).toBe(false);
    expect(trust.isStale(14_001)).toBe(true);
  });

  it('trust in a watch stays gone after a freeze until a new watch delivers, and asks for a LIST when it does not', () => {
    const trust = aTrust();
    trust.run(10_000);
    trust.heard(70_000); // it had arrived before the freeze
    expect(trust.isStale(70_000)).toBe(true);
    expect(trust.tick(70_001)).toBe('frozen');
    trust.cut(70_001);
    trust.opened(70_020);
    expect(trust.isStale(70_020)).toBe(true);
    expect(trust.tick(71_001)).toBe('fine'); // what was missed may be on its way
    expect(trust.tick(72_001)).toBe('unproven');
    trust.heard(72_100);
    expect(trust.isStale(72_200)).toBe(false);
    expect(trust.tick(73_001)).toBe('fine');
  });

  it('does not come back after a freeze with a LIST that was asked for before it', () => {
    const trust = aTrust();
    trust.cut(9_000);
    trust.run(10_000);
    expect(trust.tick(70_000)).toBe('frozen');
    trust.listed(9_500, 70_001);
    expect(trust.isStale(70_001)).toBe(true);
    trust.listed(70_002, 70_050);
    expect(trust.isStale(70_050)).toBe(false);
  });

  it('trust in a watch is not shaken by an event loop that is busy for a while', () => {
    const trust = aTrust();
    trust.run(10_000);
    expect(trust.tick(13_500)).toBe('fine');
    expect(trust.isStale(13_500)).toBe(false);
  });
});
