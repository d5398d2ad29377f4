import { afterEach, describe, expect, it } from 'vitest';
import {
  createHealthChecks,
  type HealthCheckOptions,
  type HealthChecks,
} from '../../../../bridge/leaders/healthChecks.ts';
import type { VerdictChange } from '../../../../bridge/leaders/observer.ts';
import { failed, isOther, isPrimary, passed } from '../../../../bridge/probes/probe.ts';
import { silentLogger } from '../../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aLeaderStore } from '../../../support/objects/aLeaderStore.ts';
import { aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aPod, aService, uidOf } from '../../../support/objects/builders.ts';
import { aProbeNetwork } from '../../../support/simulated/aProbeNetwork.ts';
import { createVirtualClock } from '../../../support/simulated/virtualClock.ts';

const source = { namespace: 'shop', name: 'postgres' };
const quick = {
  'health-check': 'http://:8080/healthz',
  'health-check-interval': '100ms',
  'health-check-timeout': '100ms',
  'health-check-failure-threshold': '2',
};

const open: HealthChecks[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

/** postgres routes to p-0; p-1 to p-3 are beside it. */
function aBench(options: Partial<HealthCheckOptions> = {}, log = silentLogger) {
  const clock = createVirtualClock();
  const network = aProbeNetwork(clock);
  const metrics = createMetrics();
  const filled = aLeaderStore(clock.now);
  const told: VerdictChange[] = [];
  const checks = createHealthChecks(
    { probeHostNetwork: false, maxProbesPerSecond: 2_000, network, ...options },
    {
      ...{ observer: 'bridge-0', store: filled.store, clock, random: () => 0.5, metrics, log },
      noteVerdict: (change) => told.push(change),
    },
  );
  open.push(checks);
  const { pods, services, ourSlices } = filled;
  for (const name of ['p-0', 'p-1', 'p-2', 'p-3']) pods.add(aPod({ name }));
  const put = (annotations: Readonly<Record<string, string>> = quick): void => {
    services.update(aService(annotations));
    checks.refresh(source);
  };
  services.add(aService());
  ourSlices.add(aLeaderSlice({ pod: 'p-0' }));
  const verdicts = (): readonly string[] => told.map(({ podName, verdict }) => `${podName} ${verdict}`);
  const observed = () => checks.observationsOf(source)?.pods.map(({ uid, verdict }) => `${uid} ${verdict}`);
  return { clock, network, metrics, filled, checks, put, told, verdicts, observed };
}

const series = async (counter: { get(): Promise<{ values: readonly { labels: object; value: number }[] }> }) =>
  (await counter.get()).values.map(({ labels, value }) => ({ ...labels, value }));

describe('the health checks of Services', () => {
  it('cost no timer and no connection where no Service asks for one', async () => {
    const { clock, network, checks, observed } = aBench();
    checks.refresh(source);
    await clock.advance(60_000);
    expect(clock.pending()).toBe(0);
    expect(network.probes).toEqual([]);
    expect(observed()).toBeUndefined();
  });

  it('ask the leader and the next two in line, and say what they saw', async () => {
    const { clock, network, checks, put, verdicts } = aBench();
    put();
    await clock.advance(250);
    expect(network.askedAt('10.0.0.1')).toEqual([0, 100, 200]);
    expect(network.askedAt('10.0.0.2')).toEqual([0]);
    expect(network.askedAt('10.0.0.4')).toEqual([]);
    expect(verdicts()).toEqual(['p-0 passing', 'p-1 passing', 'p-2 passing']);
    expect(checks.observationsOf(source)).toEqual({
      observer: 'bridge-0',
      pods: ['p-0', 'p-1', 'p-2'].map((name) => ({
        uid: uidOf(name),
        check: 'http://:8080/healthz',
        verdict: 'passing',
        since: clock.now() - 249,
      })),
    });
  });

  it('tell the bridge of a leader that hangs, with the pod as it is known there', async () => {
    const { clock, network, put, told, metrics } = aBench();
    put();
    await clock.advance(150);
    network.set('10.0.0.1', 'hangs');
    await clock.advance(350);
    expect(told.at(-1)).toEqual({ source, podName: 'p-0', podUid: uidOf('p-0'), verdict: 'failing' });
    expect(await series(metrics.healthVerdictChanges)).toEqual([{ verdict: 'failing', value: 1 }]);
    expect(await series(metrics.healthTargets)).toEqual([
      { verdict: 'passing', value: 2 },
      { verdict: 'failing', value: 1 },
      { verdict: 'unknown', value: 0 },
    ]);
  });

  it('count results without the status that a target chose', async () => {
    const { clock, network, put, metrics } = aBench();
    network.set('10.0.0.1', failed('http-418'));
    network.set('10.0.0.2', failed('not-serving'));
    put();
    await clock.advance(10);
    expect(await series(metrics.healthChecks)).toEqual([
      { ...{ namespace: 'shop', service: 'postgres', result: 'http' }, value: 1 },
      { ...{ namespace: 'shop', service: 'postgres', result: 'not-serving' }, value: 1 },
      { ...{ namespace: 'shop', service: 'postgres', result: 'passed' }, value: 1 },
    ]);
    expect((await metrics.healthCheckSeconds.get()).values.at(-1)?.value).toBe(3);
  });

  it.each<[string, Readonly<Record<string, string>> | null]>([
    ['the annotation has gone', {}],
    ['it cannot be read', { 'health-check': 'http://elsewhere:80/' }],
    ['the Service wants no leader', { ...quick, enabled: 'false' }],
    ['the Service has gone', null],
  ])('end where %s', async (_why, annotations) => {
    const { clock, network, filled, checks, put, observed } = aBench();
    put();
    await clock.advance(250);
    if (annotations === null) {
      filled.services.delete({ namespace: 'shop', name: 'postgres', uid: uidOf('postgres') });
      checks.refresh(source);
    } else put(annotations);
    const before = network.probes.length;
    await clock.advance(10_000);
    expect(network.probes.length).toBe(before);
    expect(clock.pending()).toBe(0);
    expect(observed()).toBeUndefined();
  });

  it('report by how much their intervals are stretched', async () => {
    const { clock, metrics, put } = aBench({ maxProbesPerSecond: 6 });
    expect(await series(metrics.healthIntervalStretch)).toEqual([{ value: 1 }]);
    // Ten probes a second of the leader, and one of each of the next two.
    put();
    await clock.advance(1_000);
    expect(await series(metrics.healthIntervalStretch)).toEqual([{ value: 2 }]);
  });

  it('follow the leader, and a pod that is no longer Ready', async () => {
    const { clock, filled, checks, put, network, observed } = aBench();
    put();
    await clock.advance(150);
    filled.ourSlices.update(aLeaderSlice({ pod: 'p-1' }));
    filled.pods.update(aPod({ name: 'p-0', ready: false }));
    checks.refresh(source);
    await clock.advance(300);
    expect(observed()).toEqual(['uid-p-1 passing', 'uid-p-2 passing', 'uid-p-3 passing']);
    expect(network.openHolds()).toEqual(['10.0.0.2']);
    expect(network.askedAt('10.0.0.1').every((at) => at <= 150)).toBe(true);
  });

  it('never ask a pod on the host network, or at an address that is none of a pod', async () => {
    const { clock, filled, put, network } = aBench();
    filled.pods.update(aPod({ name: 'p-0', hostNetwork: true }));
    filled.pods.update(aPod({ name: 'p-1', ips: ['127.0.0.1'] }));
    filled.pods.update(aPod({ name: 'p-2', ips: ['169.254.169.254'] }));
    put();
    await clock.advance(3_000);
    expect(new Set(network.probes.map(({ address }) => address))).toEqual(new Set(['10.0.0.4']));
  });

  it('ask a pod on the host network where that is allowed, and loopback even then not', async () => {
    const { clock, filled, put, network } = aBench({ probeHostNetwork: true });
    filled.pods.update(aPod({ name: 'p-0', hostNetwork: true }));
    filled.pods.update(aPod({ name: 'p-1', hostNetwork: true, ips: ['127.0.0.1'] }));
    put();
    await clock.advance(10);
    expect(network.probes.map(({ address }) => address)).toEqual(['10.0.0.1', '10.0.0.3', '10.0.0.4']);
  });

  it('name a pod that they do not ask once', async () => {
    const lines: unknown[] = [];
    const warn = (line: unknown): void => {
      lines.push(line);
    };
    const { filled, checks, put } = aBench({}, { ...silentLogger, warn } as typeof silentLogger);
    filled.pods.update(aPod({ name: 'p-0', hostNetwork: true }));
    put();
    for (let time = 0; time < 3; time++) checks.refresh(source);
    expect(lines).toEqual([{ namespace: 'shop', service: 'postgres', pod: 'p-0', address: '10.0.0.1' }]);
  });

  it('withdraw every verdict where the bridge itself seems cut off, and tell of it and of the end', async () => {
    const { clock, network, filled, checks, told, metrics } = aBench();
    const names = Array.from({ length: 12 }, (_, index) => `s${index}`);
    for (const [index, name] of names.entries()) {
      const labels = { app: name };
      filled.services.add(aService(quick, { name, selector: labels }));
      filled.pods.add(aPod({ name: `${name}-a`, labels, ips: [`10.1.${index}.1`] }));
      filled.pods.add(aPod({ name: `${name}-b`, labels, ips: [`10.1.${index}.2`] }));
      filled.ourSlices.add(aLeaderSlice({ source: name, pod: `${name}-a`, address: `10.1.${index}.1` }));
      checks.refresh({ namespace: 'shop', name });
    }
    await clock.advance(150);
    expect(checks.observationsOf({ namespace: 'shop', name: 's0' })).toBeDefined();
    for (const index of names.keys()) network.set(`10.1.${index}.1`, failed('timeout'));
    await clock.advance(500);
    expect(checks.observationsOf({ namespace: 'shop', name: 's0' })).toBeUndefined();
    expect(await series(metrics.healthChecksSuspended)).toEqual([{ value: 1 }]);

    told.length = 0;
    for (const index of names.keys()) if (index > 3) network.set(`10.1.${index}.1`, passed);
    await clock.advance(5_000);
    expect(await series(metrics.healthChecksSuspended)).toEqual([{ value: 0 }]);
    const failing = told.filter(({ verdict }) => verdict === 'failing').map(({ podName }) => podName);
    expect(failing.toSorted()).toEqual(['s0-a', 's1-a', 's2-a', 's3-a']);
    expect(checks.observationsOf({ namespace: 'shop', name: 's0' })).toBeDefined();
  });
});

describe('the end of a suspension, where a Service has two elections', () => {
  /** s0 has two elections, led by s0-a and s0-b; the others have one each. */
  async function suspend(leaders: readonly (string | null)[]) {
    const bench = aBench();
    const { clock, network, filled, checks, told } = bench;
    for (const [index, name] of Array.from({ length: 12 }, (_, n) => `s${n}`).entries()) {
      const labels = { app: name };
      const annotations = name === 's0' ? { ...quick, elections: 'writer,cron' } : quick;
      filled.services.add(aService(annotations, { name, selector: labels }));
      for (const [n, pod] of ['a', 'b', 'c'].entries())
        filled.pods.add(aPod({ name: `${name}-${pod}`, labels, ips: [`10.1.${index}.${n + 1}`] }));
      const routes = name === 's0' ? leaders : [`${name}-a`];
      for (const [n, pod] of routes.entries()) {
        const address = pod === null ? undefined : `10.1.${index}.${'abc'.indexOf(pod.slice(-1)) + 1}`;
        const slice = aLeaderSlice({ source: name, pod, ...(address !== undefined && { address }) });
        const election = ['writer', 'cron'][n] ?? '';
        const service = `s0-${election}`;
        const of = { name: `${service}-ipv4`, uid: uidOf(`${service}-ipv4`), serviceName: service, election };
        filled.ourSlices.add(name === 's0' ? { ...slice, ...of } : slice);
      }
      checks.refresh({ namespace: 'shop', name });
    }
    await clock.advance(400);
    for (let index = 1; index < 12; index += 1) network.set(`10.1.${index}.1`, failed('timeout'));
    await clock.advance(500);
    told.length = 0;
    return {
      ...bench,
      async heal(...failing: readonly string[]): Promise<readonly string[]> {
        for (let index = 1; index < 12; index += 1) network.set(`10.1.${index}.1`, passed);
        for (const address of failing) network.set(address, failed('timeout'));
        await clock.advance(5_000);
        return told.filter(({ source: { name } }) => name === 's0').map((each) => `${each.podName} ${each.verdict}`);
      },
    };
  }

  it('tells of the second leader that fails meanwhile', async () => {
    const { heal } = await suspend(['s0-a', 's0-b']);
    expect(await heal('10.1.0.2')).toContain('s0-b failing');
  });

  it('tells of a pod that passes, where one of them has no leader', async () => {
    const { heal } = await suspend(['s0-a', null]);
    expect(await heal()).toContainEqual(expect.stringMatching(/^s0-[bc] passing$/));
  });

  it('tells of none where both are as wanted', async () => {
    const { heal } = await suspend(['s0-a', 's0-b']);
    expect(await heal()).toEqual([]);
  });
});

describe('the role checks of Services', () => {
  const roles = { ...quick, 'role-check': 'redis://:6379' };

  it('ask every pod that could lead, and say which one is the primary', async () => {
    const { clock, network, put, told, checks } = aBench();
    network.set('10.0.0.1', isPrimary);
    for (const address of ['10.0.0.2', '10.0.0.3', '10.0.0.4']) network.set(address, isOther);
    put(roles);
    await clock.advance(50);
    expect(told.map(({ podName, role }) => `${podName} ${role}`)).toEqual([
      'p-0 primary',
      'p-1 other',
      'p-2 other',
      'p-3 other',
    ]);
    expect(checks.observationsOf(source)?.pods[0]).toMatchObject({ check: 'redis://:6379', role: 'primary' });
  });

  it('count the roles that change, by the new one', async () => {
    const { clock, network, put, metrics } = aBench();
    network.set('10.0.0.1', isPrimary);
    for (const address of ['10.0.0.2', '10.0.0.3', '10.0.0.4']) network.set(address, isOther);
    put(roles);
    await clock.advance(150);
    network.set('10.0.0.1', isOther);
    network.set('10.0.0.2', isPrimary);
    await clock.advance(200);
    const labels = { namespace: 'shop', service: 'postgres' };
    expect(await series(metrics.roleChanges)).toEqual([
      { ...labels, role: 'other', value: 1 },
      { ...labels, role: 'primary', value: 1 },
    ]);
  });

  it('report how many pods are the primary, and nothing of a Service that asks for no roles', async () => {
    const { clock, network, put, metrics } = aBench();
    for (const [number, result] of [isPrimary, isPrimary, isOther, 'hangs' as const].entries())
      network.set(`10.0.0.${number + 1}`, result);
    expect(await series(metrics.primaries)).toEqual([]);
    put(roles);
    await clock.advance(50);
    expect(await series(metrics.primaries)).toEqual([{ namespace: 'shop', service: 'postgres', value: 2 }]);
    for (const number of [1, 2, 3, 4]) network.set(`10.0.0.${number}`, passed);
    put();
    await clock.advance(50);
    expect(await series(metrics.primaries)).toEqual([]);
  });

  it('ask again from the start where another question is asked', async () => {
    const { clock, network, put, observed } = aBench();
    const question = { ...quick, 'role-check': 'tcp://:6379', 'role-check-expect': 'a' };
    put(question);
    await clock.advance(50);
    expect(observed()).toHaveLength(4);
    for (const number of [1, 2, 3, 4]) network.set(`10.0.0.${number}`, 'hangs');
    put({ ...question, 'role-check-expect': 'b' });
    await clock.advance(50);
    expect(observed()).toBeUndefined();
  });
});
