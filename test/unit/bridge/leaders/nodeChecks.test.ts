import { afterEach, describe, expect, it } from 'vitest';
import { createNodeChecks, type NodeChange, type NodeChecks } from '../../../../bridge/leaders/nodeChecks.ts';
import { MAX_NODE_OBSERVATIONS } from '../../../../lib/selection/observation.ts';
import { silentLogger } from '../../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../../lib/telemetry/metrics.ts';
import { aLeaderStore } from '../../../support/objects/aLeaderStore.ts';
import { aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aPod, aService, uidOf } from '../../../support/objects/builders.ts';
import { aNodeApi } from '../../../support/simulated/aNodeApi.ts';
import { aProbeNetwork } from '../../../support/simulated/aProbeNetwork.ts';
import { createVirtualClock } from '../../../support/simulated/virtualClock.ts';

const source = { namespace: 'shop', name: 'postgres' };
const cordoned = { spec: { unschedulable: true } };

const open: NodeChecks[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** postgres routes to p-0 on node-0; p-1 and p-2 are on node-1 and node-2. No kubelet runs. */
async function aBench({ checkPort }: { checkPort?: number } = {}) {
  const clock = createVirtualClock();
  const server = aNodeApi(clock);
  const network = aProbeNetwork(clock);
  const filled = aLeaderStore(clock.now);
  const told: NodeChange[] = [];
  server.setForbidden('leases', true);
  const checks = createNodeChecks(
    { network, checkPort },
    {
      ...{
        api: server.api,
        store: filled.store,
        clock,
        random: () => 0.5,
        metrics: createMetrics(),
        log: silentLogger,
      },
      noteNode: (change) => told.push(change),
    },
  );
  open.push(checks);
  for (const [index, name] of ['p-0', 'p-1', 'p-2'].entries()) {
    filled.pods.add(aPod({ name, hostIp: `10.1.0.${index}` }));
    server.putNode(`node-${index}`);
  }
  filled.services.add(aService());
  filled.ourSlices.add(aLeaderSlice({ pod: 'p-0' }));
  await clock.advance(1_000);
  const names = () => checks.nodesOf(source)?.map(({ name }) => name);
  return { clock, server, network, filled, checks, told, names };
}

describe('what a bridge says of the nodes of a Service', () => {
  it('is nothing while no node of its pods has a fault', async () => {
    const { server, clock, names } = await aBench();
    server.putNode('elsewhere', cordoned);
    await clock.advance(10);
    expect(names()).toBeUndefined();
  });

  it('is every node of its pods once one has a fault, the leader’s first', async () => {
    const { server, clock, checks, names } = await aBench();
    server.putNode('node-2', cordoned);
    await clock.advance(10);
    expect(names()).toEqual(['node-0', 'node-2', 'node-1']);
    expect(checks.nodesOf(source)?.map(({ cordoned: is }) => is === true)).toEqual([false, true, false]);
  });

  it('is bounded, and leaves out nodes without a fault', async () => {
    const { server, clock, filled, names } = await aBench();
    for (let index = 3; index < 100; index += 1) {
      filled.pods.add(aPod({ name: `p-${index}` }));
      server.putNode(`node-${index}`, index === 99 ? cordoned : {});
    }
    await clock.advance(10);
    expect(names()).toHaveLength(MAX_NODE_OBSERVATIONS);
    expect(names()?.slice(0, 2)).toEqual(['node-0', 'node-99']);
  });

  it('is every node as well where a node was the reason for the last election', async () => {
    const { filled, names } = await aBench();
    const slice = aLeaderSlice({ pod: 'p-0' });
    const annotations = { ...slice.annotations, 'zen-lead.io/reason': 'LeaderNodeCordoned' };
    filled.ourSlices.update({ ...slice, annotations });
    expect(names()).toEqual(['node-0', 'node-1', 'node-2']);
  });
});

describe('the zones of nodes', () => {
  const inZone = (zone: string) => ({ labels: { 'topology.kubernetes.io/zone': zone } });

  it.each<Record<string, string>>([{ strategy: 'zone-aware' }, { 'preferred-zones': 'a' }])(
    'are said where the user chooses by them (%o), and a pod has no label',
    async (annotations) => {
      const { server, clock, filled, checks } = await aBench();
      for (const [index, zone] of ['a', 'b', 'a'].entries()) server.putNode(`node-${index}`, inZone(zone));
      await clock.advance(10);
      const { zone: _, ...unlabelled } = aPod({ name: 'p-1', hostIp: '10.1.0.1' });
      filled.pods.update(unlabelled);
      expect(checks.nodesOf(source)).toBeUndefined();
      filled.services.update(aService(annotations));
      expect(checks.nodesOf(source)?.map(({ zone }) => zone)).toEqual(['a', 'b', 'a']);
      filled.pods.update(aPod({ name: 'p-1' }));
      expect(checks.nodesOf(source)).toBeUndefined();
    },
  );
});

describe('a node that changes', () => {
  it('concerns the Service whose leader it holds at once', async () => {
    const { server, clock, told } = await aBench();
    server.putNode('node-0', cordoned);
    await clock.advance(10);
    expect(told).toEqual([{ source, podName: 'p-0', podUid: uidOf('p-0'), lane: 'failover' }]);
  });

  it('concerns a Service with another pod there, and no other Service', async () => {
    const { server, clock, filled, told } = await aBench();
    filled.services.add(aService({}, { name: 'cache', selector: { app: 'redis' } }));
    server.putNode('node-1', cordoned);
    await clock.advance(10);
    expect(told).toEqual([{ source, podName: 'p-1', podUid: uidOf('p-1'), lane: 'change' }]);
  });
});

it('a node is asked at the address that its pods say', async () => {
  const { clock, network } = await aBench({ checkPort: 10250 });
  await clock.advance(3_000);
  expect([...new Set(network.probes.map(({ address }) => address))].toSorted()).toEqual([
    '10.1.0.0',
    '10.1.0.1',
    '10.1.0.2',
  ]);
});
