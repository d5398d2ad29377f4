import { describe, expect, it } from 'vitest';
import { failed, isOther, isPrimary } from '../../../../bridge/probes/probe.ts';
import { createProber, type ProbeGroup } from '../../../../bridge/probes/prober.ts';
import { judge, unjudged } from '../../../../bridge/probes/standing.ts';
import type { TimedCheck } from '../../../../bridge/probes/targetProbe.ts';
import { aProbeNetwork, type Behaviour } from '../../../support/simulated/aProbeNetwork.ts';
import { createVirtualClock } from '../../../support/simulated/virtualClock.ts';

const check: TimedCheck = {
  ...{ scheme: 'redis', port: 6379, target: '', role: { send: '', expect: '' }, raw: 'redis://:6379' },
  ...{ intervalMs: 100, timeoutMs: 100, failureThreshold: 2, successThreshold: 2 },
};
const target = (name: string) => ({ uid: name, address: name });

/** `a` leads; the others behave as is said. */
function aBench(behaviours: Readonly<Record<string, Behaviour>>) {
  const clock = createVirtualClock();
  const network = aProbeNetwork(clock);
  const said: string[] = [];
  const prober = createProber({
    clock,
    random: () => 0.5,
    network,
    mayProbe: () => true,
    maxProbesPerSecond: 1_000,
    repeatMs: 50,
    onResult: () => undefined,
    onVerdict: (_key, uid, { verdict, role }) => said.push(`${uid} ${role ?? verdict}`),
    onSuspended: () => undefined,
  });
  for (const [address, behaviour] of Object.entries(behaviours)) network.set(address, behaviour);
  const [leader, ...line] = Object.keys(behaviours).map(target);
  const group: ProbeGroup = { key: 'shop/cache', check, leader: leader ?? null, line };
  prober.update(group);
  const observed = () => prober.observationsOf('shop/cache')?.map(({ uid, role }) => `${uid} ${role ?? 'silent'}`);
  return { clock, network, prober, said, observed, group };
}

const four = { a: isPrimary, b: isOther, c: isOther, d: isOther };

describe('the prober, asked for roles', () => {
  it('asks all pods, and the leader most often', async () => {
    const { clock, network, observed, said } = aBench(four);
    await clock.advance(1_050);
    expect(network.askedAt('a')).toHaveLength(11);
    for (const name of ['b', 'c', 'd']) expect(network.askedAt(name)).toEqual([0, 1_000]);
    expect(observed()).toEqual(['a primary', 'b other', 'c other', 'd other']);
    expect(said).toEqual(['a primary', 'b other', 'c other', 'd other']);
    expect(network.openHolds()).toEqual(['a']);
  });

  it('asks 64 pods at most', async () => {
    const many = Array.from({ length: 70 }, (_, i) => [`p${i}`, isOther] as const);
    const { clock, observed } = aBench(Object.fromEntries(many));
    await clock.advance(50);
    expect(observed()).toHaveLength(64);
  });

  it('asks all others at once when one pod says something else', async () => {
    const { clock, network, said } = aBench(four);
    await clock.advance(450);
    network.set('a', isOther);
    network.set('d', isPrimary);
    await clock.advance(60);
    for (const name of ['b', 'c', 'd']) expect(network.askedAt(name).slice(0, 2)).toEqual([0, 501]);
    expect(said.slice(4)).toEqual(['a other', 'd primary']);
  });

  it('asks all others at once also where one pod was the primary before and after', async () => {
    const { clock, network, said } = aBench({ a: isOther, b: isPrimary, c: isOther });
    await clock.advance(450);
    const before = network.askedAt('c').length;
    network.set('a', isPrimary);
    await clock.advance(60);
    expect(said.at(-1)).toBe('a primary');
    for (const name of ['b', 'c']) expect(network.askedAt(name).at(-1)).toBe(501);
    expect(network.askedAt('c').length).toBe(before + 1);
  });

  it('asks all as often as the leader while none is the primary', async () => {
    const { clock, network } = aBench({ a: isOther, b: isOther, c: isOther });
    await clock.advance(1_050);
    for (const name of ['a', 'b', 'c']) expect(network.askedAt(name).length).toBeGreaterThanOrEqual(10);
    network.set('c', isPrimary);
    await clock.advance(110);
    const before = network.askedAt('b').length;
    await clock.advance(900);
    expect(network.askedAt('b').length - before).toBeLessThanOrEqual(1);
  });

  it('takes another role from the first answer, and dates it', async () => {
    const { clock, network, prober } = aBench(four);
    const startedAt = clock.now();
    await clock.advance(250);
    network.set('a', isOther);
    await clock.advance(60);
    expect(prober.observationsOf('shop/cache')?.[0]).toEqual({
      ...{ uid: 'a', check: 'redis://:6379', verdict: 'passing', role: 'other' },
      since: startedAt + 301,
    });
  });

  it('says of a pod that hangs that it has no role, after as many failures as the threshold says', async () => {
    const { clock, network, said, observed } = aBench(four);
    await clock.advance(250);
    network.set('a', 'hangs');
    await clock.advance(200);
    expect(observed()).toContain('a primary');
    await clock.advance(150);
    expect(observed()).toContain('a silent');
    expect(said).toContain('a failing');
  });
});

describe('the standing of a pod with a role', () => {
  const thresholds = { failureThreshold: 2, successThreshold: 2 };
  const judged = (...results: readonly Parameters<typeof judge>[1][]) =>
    results.reduce((standing, result, at) => judge(standing, result, thresholds, at), unjudged);

  it('keeps its date while the role stays', () => {
    expect(judged(isPrimary, isPrimary, isPrimary)).toMatchObject({ verdict: 'passing', role: 'primary', since: 0 });
  });

  it('loses the role with the verdict, and has it again after enough answers', () => {
    const silent = judged(isPrimary, failed('timeout'), failed('timeout'));
    expect(silent).toMatchObject({ verdict: 'failing', role: null });
    expect(judge(silent, isPrimary, thresholds, 9)).toMatchObject({ verdict: 'failing', role: null });
    expect(judge(judge(silent, isPrimary, thresholds, 9), isOther, thresholds, 10)).toMatchObject({
      ...{ verdict: 'passing', role: 'other', since: 10 },
    });
  });
});
