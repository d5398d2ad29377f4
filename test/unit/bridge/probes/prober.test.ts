import { describe, expect, it } from 'vitest';
import { failed, isVoid, passed } from '../../../../bridge/probes/probe.ts';
import { createProber, type ProbeGroup, type ProberOptions } from '../../../../bridge/probes/prober.ts';
import type { TimedCheck } from '../../../../bridge/probes/targetProbe.ts';
import { hangBoundMs } from '../../../../lib/selection/healthCheck.ts';
import { aProbeNetwork } from '../../../support/simulated/aProbeNetwork.ts';
import { createVirtualClock } from '../../../support/simulated/virtualClock.ts';

const check: TimedCheck = {
  scheme: 'http',
  port: 8080,
  target: '/',
  raw: 'http://:8080/',
  intervalMs: 100,
  timeoutMs: 100,
  failureThreshold: 2,
  successThreshold: 2,
};

const target = (name: string) => ({ uid: name, address: name });

/** The first name leads. */
function aGroup(names: readonly string[], change: Partial<ProbeGroup> = {}): ProbeGroup {
  const [leader, ...line] = names.map(target);
  return { key: 'shop/db', check, leader: leader ?? null, line, ...change };
}

function aBench(options: Partial<ProberOptions> = {}) {
  const clock = createVirtualClock();
  const startedAt = clock.monotonic();
  const network = aProbeNetwork(clock);
  const verdicts: string[] = [];
  const results: string[] = [];
  const suspended: boolean[] = [];
  const prober = createProber({
    clock,
    // Without jitter.
    random: () => 0.5,
    network,
    mayProbe: (address) => !address.startsWith('refused'),
    maxProbesPerSecond: 1_000,
    repeatMs: 50,
    onResult: (_key, result) => results.push(result.kind),
    onVerdict: (key, uid, { verdict }) => verdicts.push(`${clock.monotonic() - startedAt} ${key} ${uid} ${verdict}`),
    onSuspended: (isSuspended) => suspended.push(isSuspended),
    ...options,
  });
  return { clock, network, verdicts, results, suspended, prober };
}

describe('the prober', () => {
  it('the prober costs no timer and no connection without a group, and after the last one has gone', async () => {
    const { clock, network, prober } = aBench();
    expect(clock.pending()).toBe(0);
    prober.update(aGroup(['a', 'b']));
    await clock.advance(150);
    expect(network.openHolds()).toEqual(['a']);
    prober.remove('shop/db');
    await clock.advance(10);
    expect(clock.pending()).toBe(0);
    expect(network.openHolds()).toEqual([]);
    expect(network.inFlight()).toBe(0);
    expect(prober.count()).toEqual({ passing: 0, failing: 0, unknown: 0 });
  });

  it('asks the leader every interval, the next two once a second, and the rest not at all', async () => {
    const { clock, network, prober } = aBench();
    prober.update(aGroup(['a', 'b', 'c', 'd']));
    await clock.advance(1_050);
    expect(network.askedAt('a')).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
    expect(network.askedAt('b')).toEqual([0, 1_000]);
    expect(network.askedAt('c')).toEqual([0, 1_000]);
    expect(network.askedAt('d')).toEqual([]);
    expect(prober.observationsOf('shop/db')?.map(({ uid, verdict }) => [uid, verdict])).toEqual([
      ['a', 'passing'],
      ['b', 'passing'],
      ['c', 'passing'],
    ]);
  });

  it.each([
    [0, 90],
    [0.999, 109.98],
  ])('moves an interval by its jitter: %d gives %d ms', async (random, intervalMs) => {
    const { clock, network, prober } = aBench({ random: () => random });
    prober.update(aGroup(['a']));
    await clock.advance(115);
    expect(network.askedAt('a')[1]).toBeCloseTo(intervalMs);
  });

  it('leaves a hang after an interval and as many time-outs as the threshold says', async () => {
    const { clock, network, verdicts, prober } = aBench();
    prober.update(aGroup(['a', 'b', 'c']));
    // Right after a probe that passed.
    await clock.advance(502);
    network.set('a', 'hangs');
    await clock.advance(300);
    expect(network.askedAt('a').slice(-3)).toEqual([600, 700, 800]);
    expect(verdicts.at(-1)).toBe('800 shop/db a failing');
    expect(prober.observationsOf('shop/db')?.[0]).toMatchObject({
      uid: 'a',
      check: 'http://:8080/',
      verdict: 'failing',
      since: clock.now() - 2,
      detail: 'timeout',
    });
  });

  it.each([
    { intervalMs: 100, timeoutMs: 100, failureThreshold: 2 },
    { intervalMs: 1_000, timeoutMs: 1_000, failureThreshold: 3 },
    { intervalMs: 500, timeoutMs: 10, failureThreshold: 7 },
    { intervalMs: 50, timeoutMs: 60, failureThreshold: 2 },
  ])('leaves a hang within the bound that explain prints, with the longest jitter: %o', async (timing) => {
    const { clock, network, verdicts, prober } = aBench({ random: () => 0.999 });
    prober.update(aGroup(['a', 'b'], { check: { ...check, ...timing } }));
    await clock.advance(2);
    network.set('a', 'hangs');
    const bound = hangBoundMs({ ...timing, successThreshold: 2 });
    await clock.advance(bound);
    expect(verdicts.at(-1)).toContain('a failing');
  });

  it('asks the next in line at the first failure of the leader, on the same clock tick', async () => {
    const { clock, network, prober } = aBench();
    prober.update(aGroup(['a', 'b', 'c', 'd']));
    await clock.advance(502);
    network.set('a', failed('refused'));
    await clock.advance(150);
    expect(network.askedAt('b')).toEqual([0, 601]);
    expect(network.askedAt('c')).toEqual([0, 601]);
    expect(network.askedAt('d')).toEqual([]);
  });

  it('counts a pass against a failing leader only where it is newer than the failure', async () => {
    const { clock, network, verdicts, prober } = aBench();
    const observed = () => prober.observationsOf('shop/db')?.map(({ uid, verdict }) => `${uid} ${verdict}`);
    prober.update(aGroup(['a', 'b', 'c']));
    await clock.advance(502);
    // What the leader needs, the others need, too. Their last pass is older than that.
    for (const each of ['a', 'b', 'c']) network.set(each, 'hangs');
    await clock.advance(350);
    expect(observed()).toEqual(['a failing']);
    await clock.advance(100);
    expect(observed()).toEqual(['a failing', 'b failing', 'c failing']);

    network.set('c', passed);
    await clock.advance(3_000);
    expect(observed()).toEqual(['a failing', 'b failing', 'c passing']);
    expect(verdicts.at(-1)).toContain(' c passing');
  });

  it('reports a pass that counts again while the leader is failing', async () => {
    const { clock, network, verdicts, prober } = aBench();
    prober.update(aGroup(['a', 'b']));
    await clock.advance(502);
    network.set('a', failed('refused'));
    network.set('b', failed('reset'));
    await clock.advance(153);
    expect(verdicts.at(-1)).toContain(' b failing');
    const before = verdicts.length;
    // One lost packet on another one that is next in line, which has a verdict.
    prober.update(aGroup(['a', 'c']));
    await clock.advance(50);
    expect(verdicts.slice(before)).toEqual([expect.stringContaining(' c passing')]);
    network.set('c', failed('reset'));
    await clock.advance(1_000);
    expect(prober.observationsOf('shop/db')?.map(({ uid }) => uid)).toEqual(['a']);
    network.set('c', passed);
    await clock.advance(60);
    expect(prober.observationsOf('shop/db')?.map(({ uid }) => uid)).toEqual(['a', 'c']);
    expect(verdicts.slice(before)).toHaveLength(2);
  });

  it('repeats a failed probe every 50 ms on a new connection', async () => {
    const { clock, network, prober } = aBench();
    prober.update(aGroup(['a'], { check: { ...check, failureThreshold: 4 } }));
    await clock.advance(502);
    network.set('a', failed('refused'));
    await clock.advance(200);
    const last = network.probes.slice(-3);
    expect(last.map(({ at }) => at)).toEqual([600, 650, 700]);
    expect(last.map(({ isOnHeld }) => isOnHeld)).toEqual([true, false, false]);
  });

  it('asks a target that is failing at its interval, and takes two passes to trust it again', async () => {
    const { clock, network, verdicts, prober } = aBench();
    network.set('a', failed('http-500'));
    prober.update(aGroup(['a']));
    await clock.advance(400);
    expect(network.askedAt('a')).toEqual([0, 50, 150, 250, 350]);
    network.set('a', passed);
    await clock.advance(200);
    expect(verdicts).toEqual(['51 shop/db a failing', '551 shop/db a passing']);
  });

  it('asks another one in line for each that is failing', async () => {
    const { clock, network, prober } = aBench();
    network.set('b', failed('refused'));
    prober.update(aGroup(['a', 'b', 'c', 'd', 'e']));
    await clock.advance(500);
    expect(prober.observationsOf('shop/db')?.map(({ uid, verdict }) => [uid, verdict])).toEqual([
      ['a', 'passing'],
      ['b', 'failing'],
      ['c', 'passing'],
      ['d', 'passing'],
    ]);
    expect(network.askedAt('e')).toEqual([]);
  });

  it('never has two probes of one target in flight', async () => {
    const { clock, network, prober } = aBench();
    network.set('a', 'hangs');
    network.set('b', 'hangs');
    prober.update(aGroup(['a', 'b', 'c'], { check: { ...check, intervalMs: 50, timeoutMs: 1_000 } }));
    for (let time = 0; time < 40; time++) {
      network.cut('a');
      prober.update(aGroup(time % 2 === 0 ? ['b', 'a', 'c'] : ['a', 'b', 'c']));
      await clock.advance(37);
    }
    expect(network.mostAtOnce()).toBe(1);
  });

  it('asks a leader whose connection ends at once, and opens it again at most once an interval', async () => {
    const { clock, network, verdicts, prober } = aBench();
    prober.update(aGroup(['a', 'b'], { check: { ...check, intervalMs: 10_000 } }));
    await clock.advance(5_000);
    expect(network.openHolds()).toEqual(['a']);
    network.set('a', failed('refused'));
    network.cut('a');
    await clock.advance(60);
    expect(network.askedAt('a')).toEqual([0, 5_000, 5_050]);
    expect(verdicts.at(-1)).toBe('5051 shop/db a failing');

    network.set('a', passed);
    await clock.advance(20_000);
    network.cut('a');
    await clock.advance(5);
    network.cut('a');
    expect(network.holds.filter(({ address }) => address === 'a').length).toBeLessThanOrEqual(3);
  });

  it('takes the end of the held connection for no failure', async () => {
    const { clock, network, verdicts, prober } = aBench();
    prober.update(aGroup(['a']));
    for (let time = 0; time < 50; time++) {
      await clock.advance(30);
      network.cut('a');
    }
    expect(verdicts).toEqual(['1 shop/db a passing']);
  });

  it('asks once more where the connection ends while a probe is in flight', async () => {
    const { clock, network, prober } = aBench();
    prober.update(aGroup(['a']));
    await clock.advance(99);
    network.set('a', 'hangs');
    await clock.advance(50);
    network.cut('a');
    network.set('a', passed);
    await clock.advance(60);
    expect(network.askedAt('a')).toEqual([0, 100, 200]);
  });

  it('holds the connection to the leader alone, wherever that moves', async () => {
    const { clock, network, prober } = aBench();
    prober.update(aGroup(['a', 'b']));
    await clock.advance(150);
    prober.update(aGroup(['b', 'a']));
    await clock.advance(150);
    expect(network.openHolds()).toEqual(['b']);
  });

  it('keeps the verdict of a target that moves in line, and of none that leaves it', async () => {
    const { clock, network, verdicts, prober } = aBench();
    prober.update(aGroup(['a', 'b', 'c', 'd']));
    await clock.advance(50);
    prober.update(aGroup(['d', 'b', 'c', 'a']));
    expect(prober.observationsOf('shop/db')?.map(({ uid }) => uid)).toEqual(['b', 'c']);
    await clock.advance(50);
    expect(prober.observationsOf('shop/db')?.map(({ uid }) => uid)).toEqual(['d', 'b', 'c']);
    expect(verdicts.filter((line) => line.includes(' b '))).toHaveLength(1);
    expect(network.askedAt('d')).toEqual([50]);
  });

  it('begins again with a pod that has another address, and with another check', async () => {
    const { clock, prober } = aBench();
    prober.update(aGroup(['a']));
    await clock.advance(50);
    prober.update(aGroup([], { leader: { uid: 'a', address: 'moved' } }));
    expect(prober.observationsOf('shop/db')).toBeNull();
    await clock.advance(50);
    expect(prober.observationsOf('shop/db')).toHaveLength(1);
    prober.update(aGroup([], { leader: { uid: 'a', address: 'moved' }, check: { ...check, raw: 'other' } }));
    expect(prober.observationsOf('shop/db')).toBeNull();
    await clock.advance(50);
    expect(prober.observationsOf('shop/db')?.[0]?.check).toBe('other');
  });

  it('keeps the verdict where only the timing of the check changes, and asks by the new one', async () => {
    const { clock, network, prober } = aBench();
    prober.update(aGroup(['a'], { check: { ...check, intervalMs: 60_000 } }));
    await clock.advance(50);
    prober.update(aGroup(['a']));
    expect(prober.observationsOf('shop/db')).toHaveLength(1);
    await clock.advance(200);
    expect(network.askedAt('a')).toEqual([0, 50, 150, 250]);
  });

  it('never asks an address that the policy refuses, also where it comes later', async () => {
    const { clock, network, prober } = aBench();
    prober.update(aGroup(['refused-a', 'refused-b', 'c']));
    await clock.advance(50);
    prober.update(aGroup([], { leader: { uid: 'c', address: 'refused-c' } }));
    await clock.advance(500);
    expect(network.probes.map(({ address }) => address)).toEqual(['c']);
    expect(network.holds).toEqual([]);
    expect(prober.observationsOf('shop/db')).toBeNull();
  });

  it('asks at most 64 pods of one Service that all fail', async () => {
    const { clock, network, prober } = aBench();
    const names = Array.from({ length: 100 }, (_, index) => `p${index}`);
    for (const name of names) network.set(name, failed('refused'));
    prober.update(aGroup(names));
    await clock.advance(3_000);
    expect(new Set(network.probes.map(({ address }) => address)).size).toBe(64);
  });

  it('stretches all intervals evenly beyond the rate, and keeps below it', async () => {
    const { clock, network, prober } = aBench({ maxProbesPerSecond: 50 });
    for (let each = 0; each < 20; each++) prober.update(aGroup([`leader-${each}`], { key: `shop/${each}` }));
    // Twenty leaders at ten a second.
    expect(prober.stretch()).toBeCloseTo(4);
    await clock.advance(10_000);
    expect(network.probes.length).toBeLessThanOrEqual(10 * 50 + 4);
    expect(network.probes.length).toBeGreaterThan(10 * 50 * 0.9);
    const counts = Array.from({ length: 20 }, (_, each) => network.askedAt(`leader-${each}`).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
    for (let each = 0; each < 15; each++) prober.remove(`shop/${each}`);
    expect(prober.stretch()).toBe(1);
  });
});

describe('the blindness of the prober', () => {
  it('judges nothing by a time-out that its own stop has caused', async () => {
    const { clock, network, results, verdicts, prober } = aBench();
    prober.update(aGroup(['a'], { check: { ...check, failureThreshold: 1 } }));
    await clock.advance(199);
    for (let time = 0; time < 30; time++) {
      network.set('a', 'stopped');
      await clock.advance(2);
      // Busy with something else for longer than the whole time-out.
      clock.jump(120);
      await clock.advance(0);
      network.set('a', passed);
      await clock.advance(200);
    }
    expect(results.filter((each) => each === 'void').length).toBeGreaterThan(10);
    expect(verdicts).toEqual(['1 shop/db a passing']);
  });

  it('gives a probe another time-out after its own stop, and counts that one', async () => {
    const { clock, network, results, verdicts, prober } = aBench();
    prober.update(aGroup(['a'], { check: { ...check, failureThreshold: 1 } }));
    await clock.advance(99);
    network.set('a', 'hangs');
    await clock.advance(61);
    clock.jump(45);
    await clock.advance(95);
    expect(results).toEqual(['passed', 'void']);
    // 100 ms after the stop has ended.
    await clock.advance(10);
    expect(verdicts.at(-1)).toBe('305 shop/db a failing');
    expect(network.askedAt('a')).toEqual([0, 100, 305]);
  });

  it('a probe of a process that is late over and over ends after three time-outs, and says nothing', async () => {
    const { clock, network, results, verdicts, prober } = aBench();
    prober.update(aGroup(['a'], { check: { ...check, failureThreshold: 1 } }));
    await clock.advance(99);
    network.set('a', 'hangs');
    for (let time = 0; time < 8; time++) {
      await clock.advance(10);
      clock.jump(40);
      await clock.advance(0);
    }
    expect(verdicts).toEqual(['1 shop/db a passing']);
    expect(new Set(results.slice(1))).toEqual(new Set(['void']));
    expect(network.askedAt('a').length).toBeGreaterThan(2);
    expect(network.mostAtOnce()).toBe(1);
  });

  it('asks on another connection after a stop of a second, which the first one may not have outlived', async () => {
    const { clock, network, results, prober } = aBench();
    prober.update(aGroup(['a'], { check: { ...check, timeoutMs: 1_000 } }));
    await clock.advance(99);
    network.set('a', 'hangs');
    await clock.advance(2);
    clock.jump(1_500);
    await clock.advance(0);
    expect(results).toEqual(['passed', 'void']);
    expect(network.inFlight()).toBe(0);
    network.set('a', passed);
    await clock.advance(80);
    expect(results).toEqual(['passed', 'void', 'passed']);
  });

  it('asks soon again where a target refused a connection while the process was late', async () => {
    const { clock, network, results, prober } = aBench();
    prober.update(aGroup(['a'], { check: { ...check, intervalMs: 10_000, failureThreshold: 1 } }));
    await clock.advance(9_999.5);
    network.set('a', failed('refused'));
    await clock.advance(1);
    clock.jump(40);
    await clock.advance(0);
    expect(results).toEqual(['passed', 'void']);
    await clock.advance(52);
    expect(results).toEqual(['passed', 'void', 'failed']);
  });

  it('counts a failure where its stop was shorter than a quarter of the time-out', async () => {
    const { clock, network, verdicts, prober } = aBench();
    prober.update(aGroup(['a'], { check: { ...check, failureThreshold: 1 } }));
    await clock.advance(99);
    network.set('a', 'hangs');
    await clock.advance(10);
    clock.jump(20);
    await clock.advance(100);
    expect(verdicts.at(-1)).toContain('a failing');
  });

  it('counts again from nothing after it stood still', async () => {
    const { clock, network, verdicts, prober } = aBench();
    prober.update(aGroup(['a'], { check: { ...check, failureThreshold: 3 } }));
    await clock.advance(150);
    network.set('a', failed('refused'));
    await clock.advance(102);
    expect(network.askedAt('a').slice(-2)).toEqual([200, 250]);
    clock.jump(60_000);
    await clock.advance(0);
    expect(verdicts).toEqual(['1 shop/db a passing']);
    await clock.advance(110);
    expect(verdicts.at(-1)).toContain('a failing');
    // Three probes after it stood still, not one.
    expect(network.askedAt('a').filter((at) => at > 60_000)).toHaveLength(3);
  });

  it('says nothing about a target that it could not ask', async () => {
    const { clock, network, verdicts, prober } = aBench();
    prober.update(aGroup(['a']));
    await clock.advance(50);
    network.set('a', isVoid);
    await clock.advance(5_000);
    expect(verdicts).toEqual(['1 shop/db a passing']);
  });

  it('probes that could not be asked together are spread over an interval', async () => {
    const { clock, network, prober } = aBench({ random: () => 0.25 });
    network.set('a', isVoid);
    prober.update(aGroup(['a']));
    await clock.advance(200);
    expect(network.askedAt('a')).toEqual([0, 76, 152]);
  });

  it('the time of a probe begins when the network has room for it', async () => {
    const begins: (() => void)[] = [];
    const clock = createVirtualClock();
    const network = aProbeNetwork(clock);
    const { prober, results } = aBench({ clock, network: { ...network, admit: (begin) => begins.push(begin) } });
    prober.update(aGroup(['a']));
    await clock.advance(5_000);
    expect(results).toEqual([]);
    begins[0]?.();
    await clock.advance(10);
    expect(results).toEqual(['passed']);
  });

  function manyGroups(count: number) {
    const bench = aBench();
    const of = (index: number) => aGroup([`a${index}`, `b${index}`], { key: `shop/${index}` });
    for (let index = 0; index < count; index++) bench.prober.update(of(index));
    const fail = (from: number, to: number): void => {
      for (let index = from; index < to; index++) bench.network.set(`a${index}`, failed('timeout'));
    };
    return { ...bench, fail };
  }

  it('withdraws all verdicts where more than half of ten leaders turn failing within 2 s', async () => {
    const { clock, suspended, prober, network, fail } = manyGroups(10);
    await clock.advance(550);
    fail(0, 5);
    await clock.advance(200);
    expect(suspended).toEqual([]);
    expect(prober.observationsOf('shop/9')).not.toBeNull();
    fail(5, 6);
    await clock.advance(200);
    expect(suspended).toEqual([true]);
    expect(prober.isSuspended()).toBe(true);
    expect(prober.observationsOf('shop/0')).toBeNull();
    expect(prober.observationsOf('shop/9')).toBeNull();

    // For as long as they fail, however long that is.
    await clock.advance(20_000);
    expect(prober.isSuspended()).toBe(true);
    network.set('a0', passed);
    await clock.advance(1_000);
    expect(suspended).toEqual([true, false]);
    expect(prober.observationsOf('shop/9')).not.toBeNull();
  });

  it('counts a leader that failed and was left at once, too', async () => {
    const { clock, suspended, prober, fail } = manyGroups(10);
    await clock.advance(550);
    for (let index = 0; index < 6; index++) {
      fail(index, index + 1);
      await clock.advance(200);
      if (index < 5) prober.update(aGroup([`b${index}`, `a${index}`], { key: `shop/${index}` }));
    }
    expect(suspended).toEqual([true]);
    await clock.advance(5_000);
    expect(suspended).toEqual([true, false]);
  });

  it('trusts verdicts of leaders that fail one after another over a longer time', async () => {
    const { clock, suspended, fail } = manyGroups(10);
    await clock.advance(550);
    for (let index = 0; index < 10; index++) {
      fail(index, index + 1);
      await clock.advance(600);
    }
    expect(suspended).toEqual([]);
  });

  it('trusts nine leaders that fail together', async () => {
    const { clock, suspended, fail } = manyGroups(9);
    await clock.advance(550);
    fail(0, 9);
    await clock.advance(1_000);
    expect(suspended).toEqual([]);
  });
});
