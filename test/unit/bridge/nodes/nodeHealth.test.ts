import { afterEach, describe, expect, it } from 'vitest';
import { type NodeHealth, type NodeHealthOptions, startNodeHealth } from '../../../../bridge/nodes/nodeHealth.ts';
import { failed } from '../../../../bridge/probes/probe.ts';
import { silentLogger } from '../../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aNodeApi } from '../../../support/simulated/aNodeApi.ts';
import { aProbeNetwork } from '../../../support/simulated/aProbeNetwork.ts';
import { createVirtualClock } from '../../../support/simulated/virtualClock.ts';

const open: NodeHealth[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

const names = ['n-0', 'n-1', 'n-2', 'n-3'];

/** Four nodes, n-0 to n-3, at 10.1.0.0 to 10.1.0.3. No time has passed. */
function start(options: NodeHealthOptions = {}, forbidden: readonly string[] = []) {
  const clock = createVirtualClock();
  const server = aNodeApi(clock);
  const network = aProbeNetwork(clock);
  const metrics = createMetrics();
  const said: string[] = [];
  for (const plural of forbidden) server.setForbidden(plural, true);
  for (const name of names) server.putNode(name);
  const health = startNodeHealth(
    { network, ...options },
    {
      ...{ api: server.api, clock, random: () => 0.5, metrics, log: silentLogger },
      addresses: () => names.map((node, index) => ({ node, address: `10.1.0.${index}`, holdsLeader: index < 2 })),
      onChange(changed) {
        for (const name of changed) said.push(`${name} ${health.reportOf(name)?.verdict}`);
      },
    },
  );
  open.push(health);
  return { clock, server, network, metrics, health, said };
}

/** Kubelets renew every ten seconds, apart. */
async function aCluster(options: NodeHealthOptions = {}, forbidden: readonly string[] = []) {
  const started = start(options, forbidden);
  for (const name of names) {
    started.server.startKubelet(name, 10_000);
    await started.clock.advance(2_500);
  }
  /** Long enough that every gap is known. */
  await started.clock.advance(50_000);
  return started;
}

/** Of which n-1 is silent. */
async function aClusterWithSilence() {
  const started = await aCluster();
  started.server.stopKubelet('n-1');
  await started.clock.advance(27_000);
  expect(started.health.reportOf('n-1')).toMatchObject({ verdict: 'silent' });
  return started;
}

const voided = async (metrics: ReturnType<typeof createMetrics>) =>
  (await metrics.nodeVerdictsVoid.get()).values.map(({ labels, value }) => `${labels.reason} ${value}`);

describe('silence by the Lease', () => {
  it('is noticed 25 s after the last renewal, and ends with the next one', async () => {
    const { clock, server, said, health } = await aCluster();
    server.stopKubelet('n-1');
    await clock.advance(14_000);
    expect(said).toEqual([]);
    await clock.advance(13_000);
    expect(said).toEqual(['n-1 silent']);
    expect(health.reportOf('n-1')).toMatchObject({ verdict: 'silent' });
    expect(health.reportOf('n-0')).toMatchObject({ verdict: 'alive' });
    server.startKubelet('n-1', 10_000);
    await clock.advance(10);
    expect(said).toEqual(['n-1 silent', 'n-1 alive']);
    expect(health.isAnyNotable()).toBe(false);
  });

  it('is asked for in kube-node-lease alone', async () => {
    const { server } = await aCluster();
    expect(new Set(server.asked)).toEqual(new Set(['leases in kube-node-lease', 'nodes in undefined']));
  });

  it('counts for nothing while all Leases have stopped, and counts from then on when they go on', async () => {
    const { clock, server, said, health, metrics } = await aCluster();
    for (const name of names) server.stopKubelet(name);
    await clock.advance(120_000);
    expect(said).toEqual([]);
    expect(health.reportOf('n-0')).toBeUndefined();
    // One after the other, as kubelets come back. None of the late ones is taken for dead.
    for (const name of names) {
      server.startKubelet(name, 10_000);
      await clock.advance(7_000);
    }
    await clock.advance(60_000);
    expect(said).toEqual([]);
    expect(health.reportOf('n-0')).toMatchObject({ verdict: 'alive' });
    expect((await voided(metrics)).join()).not.toContain('stale');
  });

  it('counts for nothing while the watch is cut, and from then on when it is back', async () => {
    const { clock, server, said, health } = await aCluster();
    server.stopKubelet('n-1');
    await clock.advance(12_000);
    server.setCut(true);
    await clock.advance(60_000);
    expect(said).toEqual([]);
    expect(health.reportOf('n-0')).toBeUndefined();
    server.setCut(false);
    await clock.advance(15_000);
    expect(said).toEqual([]);
    await clock.advance(25_000);
    expect(said).toEqual(['n-1 silent']);
  });

  it('counts for nothing after this process stood still', async () => {
    const { clock, said } = await aCluster();
    clock.jump(60_000);
    await clock.advance(60_000);
    expect(said).toEqual([]);
  });

  it('counts for nothing after it stood still, also where some nodes are heard before the others', async () => {
    const { clock, server, said } = await aCluster();
    const renew = (...names: readonly string[]): void => {
      for (const name of names) {
        server.stopKubelet(name);
        server.startKubelet(name, 2_000);
      }
    };
    for (let time = 0; time < 15; time += 1) {
      renew('n-0', 'n-1', 'n-2', 'n-3');
      await clock.advance(1_900);
    }
    // Shorter than what makes the watch stale. Two renewals are read before the first timer runs,
    // and two late ones are not most nodes.
    for (const name of ['n-2', 'n-3']) server.stopKubelet(name);
    clock.jump(3_300);
    renew('n-0', 'n-1');
    await clock.advance(10);
    renew('n-2', 'n-3');
    await clock.advance(30_000);
    expect(said).toEqual([]);
  });

  it('is noticed in its time, also where it stood still while it learnt how often a Lease is renewed', async () => {
    const { clock, server, said } = start();
    for (const name of names) server.startKubelet(name, 2_000);
    for (let time = 0; time < 10; time += 1) {
      // Shorter than what makes the watch stale.
      clock.jump(3_300);
      await clock.advance(1_000);
    }
    await clock.advance(7_000);
    server.stopKubelet('n-1');
    await clock.advance(8_000);
    expect(said).toEqual(['n-1 silent']);
  });

  it('is not said of what was silent before it stood still, even before anything is heard', async () => {
    const { clock, health } = await aClusterWithSilence();
    clock.jump(10_000);
    expect(health.reportOf('n-1')?.verdict).not.toBe('silent');
  });

  it('is not said of it either where another node is heard first, right after it stood still', async () => {
    const { clock, server, health } = await aClusterWithSilence();
    // Shorter than what makes the watch stale: the renewals that piled up come as lines.
    clock.jump(3_300);
    server.stopKubelet('n-0');
    server.startKubelet('n-0', 10_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(health.reportOf('n-1')?.verdict).not.toBe('silent');
  });

  it('is not known of a node that was silent before this process started', async () => {
    const { server, health, clock } = await aCluster();
    server.putNode('n-9');
    await clock.advance(5_000);
    expect(health.reportOf('n-9')).toBeUndefined();
  });
});

describe('silence by a connection', () => {
  it('is noticed within four seconds, and ends with the next answer', async () => {
    const { clock, network, server, said } = await aCluster({ checkPort: 10250 });
    expect(network.askedAt('10.1.0.0').length).toBeGreaterThan(40);
    network.set('10.1.0.1', 'hangs');
    server.stopKubelet('n-1');
    await clock.advance(3_900);
    expect(said).toEqual(['n-1 silent']);
    network.set('10.1.0.1', failed('refused'));
    await clock.advance(2_000);
    expect(said).toEqual(['n-1 silent', 'n-1 alive']);
  });

  it('is not said of a kubelet that stands still: the kernel answers for it', async () => {
    const { clock, server, said } = await aCluster({ checkPort: 10250 });
    server.stopKubelet('n-0');
    await clock.advance(120_000);
    expect(said).toEqual([]);
  });

  it('is not said of a node that renews its Lease, however long its port is silent', async () => {
    const { clock, network, said } = await aCluster({ checkPort: 10250 });
    // Right after a renewal, so that the next one is far.
    network.set('10.1.0.1', failed('unreachable'));
    await clock.advance(300_000);
    expect(said.filter((each) => each === 'n-1 silent').length).toBeLessThanOrEqual(1);
  });

  it('is not said where no node answers any more', async () => {
    const { clock, network, said } = await aCluster({ checkPort: 10250 });
    for (const index of [0, 1, 2, 3]) network.set(`10.1.0.${index}`, 'hangs');
    await clock.advance(20_000);
    expect(said).toEqual([]);
  });

  it('asks the nodes that hold leaders, two more to compare them with, and no address of this machine', async () => {
    const { network } = await aCluster({ checkPort: 10250, mayProbe: (address) => address !== '10.1.0.2' });
    expect([...new Set(network.probes.map(({ address }) => address))].toSorted()).toEqual([
      '10.1.0.0',
      '10.1.0.1',
      '10.1.0.3',
    ]);
  });
});

describe('cordons and conditions', () => {
  it.each([{ unschedulable: true }, { taints: [{ key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' }] }])(
    'a cordon is reported at once, and taken back: %j',
    async (spec) => {
      const { clock, server, health, said } = await aCluster();
      server.putNode('n-2', { spec });
      await clock.advance(10);
      expect(health.reportOf('n-2')).toMatchObject({ verdict: 'alive', cordoned: true });
      server.putNode('n-2');
      await clock.advance(10);
      expect(health.isAnyNotable()).toBe(false);
      expect(said).toHaveLength(2);
    },
  );

  it('a condition is reported where it was asked for, with since when', async () => {
    const { clock, server, health } = await aCluster({ unfitConditions: ['KernelDeadlock'] });
    const conditions = [
      { type: 'Ready', status: 'True' },
      { type: 'ReadonlyFilesystem', status: 'True' },
      { type: 'KernelDeadlock', status: 'False' },
    ];
    server.putNode('n-2', { status: { conditions } });
    await clock.advance(10);
    expect(health.isAnyNotable()).toBe(false);
    server.putNode('n-2', { status: { conditions: [{ type: 'KernelDeadlock', status: 'True' }] } });
    await clock.advance(10);
    const since = clock.now();
    await clock.advance(5_000);
    expect(health.reportOf('n-2')).toMatchObject({ condition: 'KernelDeadlock' });
    expect(Math.abs((health.reportOf('n-2')?.since ?? 0) - since)).toBeLessThan(100);
  });
});

describe('without rights', () => {
  it('each part is off for itself, says so, and is tried again', async () => {
    const { clock, server, health } = await aCluster({}, ['leases']);
    expect(health.lacks()).toEqual(['the Leases of nodes are not watched: leases is forbidden']);
    server.putNode('n-2', { spec: { unschedulable: true } });
    await clock.advance(10);
    expect(health.isNotable('n-2')).toBe(true);
    server.setForbidden('leases', false);
    await clock.advance(61_000);
    expect(health.lacks()).toEqual([]);
  });

  it('a right that is granted soon after the start is used within seconds', async () => {
    const { clock, server, health } = start({}, ['nodes']);
    await clock.advance(2_000);
    expect(health.lacks()).toEqual(['nodes are not watched: nodes is forbidden']);
    server.setForbidden('nodes', false);
    await clock.advance(4_000);
    expect(health.lacks()).toEqual([]);
  });

  it('a refusal is asked about once a minute in the end', async () => {
    const { clock, server } = start({}, ['nodes']);
    const count = () => server.asked.filter((what) => what.startsWith('nodes')).length;
    await clock.advance(600_000);
    const before = count();
    await clock.advance(600_000);
    // Every 45 s, by the jitter of this test.
    expect(count() - before).toBeGreaterThanOrEqual(12);
    expect(count() - before).toBeLessThanOrEqual(14);
  });
});
