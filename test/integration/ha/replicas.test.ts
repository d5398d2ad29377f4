import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { EmbeddedApiServer } from '../../../apiserver/startApiServer.ts';
import { addPod, addService, setReady, startCluster } from '../../support/programs/bridgeBench.ts';
import { quickLease, type Replica, slowLease, startReplica } from '../../support/programs/replica.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An announcement that a busy machine did not make in half a second is made again after five. */
const patience = { timeout: 30_000, interval: 10 };

interface Pair {
  readonly server: EmbeddedApiServer;
  readonly holder: Replica;
  readonly second: Replica;
}

/** `db` with three pods, led by db-0 and announced; two replicas, one of which holds the Lease. */
async function aPair(tuning: typeof quickLease, annotations: Readonly<Record<string, string>> = {}): Promise<Pair> {
  const server = await startCluster('shop');
  closers.push(() => server.close());
  addService(server, 'shop', 'db');
  server.objects.patch({ resource: 'services', namespace: 'shop', name: 'db' }, { metadata: { annotations } });
  for (const n of [0, 1, 2]) addPod(server, 'shop', `db-${n}`, 'db');
  const holder = await aReplica(server, 'first', tuning);
  await expectLeader(server, 'db-0');
  await vi.waitFor(async () => expect(await readAnnounced(server)).toBe(await readEpoch(server)), patience);
  const second = await aReplica(server, 'second', tuning);
  return await settled({ server, holder, second });
}

/** Longer than the debounce of a change and the patience of the replica that sends second. */
const quietMs = 500;

/**
 * Resolves once exactly one replica holds the Lease and nothing is on its way. Then no event lacks
 * its answer, and for a quiet time neither an event nor a write came. On a busy machine a short
 * Lease changes hands by itself, so the roles are read last.
 */
async function settled({ server, holder: one, second: other }: Pair): Promise<Pair> {
  const describeWork = () => ({
    answered: [one, other].map(({ events }) => events.length),
    routes: ['services', 'endpointslices'].map((plural) => server.objects.list(plural, 'shop')),
  });
  return await vi.waitFor(async () => {
    const before = describeWork();
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    expect(describeWork(), 'waited for the replicas to fall quiet').toEqual(before);
    expect([one, other].map(({ sent }) => sent.length)).toEqual(before.answered);
    const [isOne, isOther] = [await one.isHolder(), await other.isHolder()];
    expect(isOne, 'waited for one holder of the Lease').not.toBe(isOther);
    return isOne ? { server, holder: one, second: other } : { server, holder: other, second: one };
  }, patience);
}

async function aReplica(server: EmbeddedApiServer, name: string, tuning: typeof quickLease): Promise<Replica> {
  const replica = await startReplica(server, name, tuning);
  closers.push(() => replica.close());
  await vi.waitFor(() => expect(replica.bridge.readiness().ready).toBe(true), patience);
  return replica;
}

const sliceShape = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()) }),
  endpoints: z.array(z.object({ targetRef: z.object({ name: z.string() }) })),
});
const serviceShape = z.object({ metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }) });

async function readSlice({ url }: EmbeddedApiServer): Promise<z.infer<typeof sliceShape>> {
  const path = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/db-leader-ipv4';
  return sliceShape.parse(await (await fetch(`${url}${path}`)).json());
}

const readEpoch = async (server: EmbeddedApiServer) =>
  (await readSlice(server)).metadata.annotations['zen-lead.io/epoch'];

async function readAnnounced({ url }: EmbeddedApiServer): Promise<string | undefined> {
  const service = await (await fetch(`${url}/api/v1/namespaces/shop/services/db-leader`)).json();
  return serviceShape.parse(service).metadata.annotations['zen-lead.io/announced-epoch'];
}

async function expectLeader(server: EmbeddedApiServer, pod: string): Promise<void> {
  await vi.waitFor(
    async () => expect((await readSlice(server)).endpoints.map(({ targetRef }) => targetRef.name)).toEqual([pod]),
    patience,
  );
}

async function expectTakeover({ holder, second }: Pick<Pair, 'holder' | 'second'>): Promise<void> {
  await vi.waitFor(
    async () => expect([await holder.isHolder(), await second.isHolder()]).toEqual([false, true]),
    patience,
  );
}

/** Just now, as a kubelet writes it. */
function loseReadiness({ objects }: EmbeddedApiServer, name: string): void {
  const condition = { type: 'Ready', status: 'False', lastTransitionTime: new Date().toISOString() };
  objects.patchStatus({ resource: 'pods', namespace: 'shop', name }, { status: { conditions: [condition] } });
}

const snapshotsOf = ({ events }: Replica, from = 0) =>
  events.slice(from).filter(({ data }) => data.snapshot !== undefined);

describe('while both live', () => {
  it('one replica sends, at once and with snapshots, and the other one sends nothing at all', async () => {
    const pair = await aPair(slowLease);
    const { server, holder, second } = pair;
    const before = holder.events.length;
    const sentBefore = second.sent.length;
    // On a busy machine the holder may take longer than the other one waits for it.
    second.stopTimers();
    setReady(server, 'shop', 'db-0', false);
    await expectLeader(server, 'db-1');
    await vi.waitFor(async () => expect(await readAnnounced(server)).toBe(await readEpoch(server)), patience);
    expect(snapshotsOf(holder, before).length).toBeGreaterThan(0);
    const epoch = await readEpoch(server);
    const seen = () => second.bridge.snapshotOf({ namespace: 'shop', name: 'db' }).slices;
    await vi.waitFor(() => expect(seen()[0]?.annotations['zen-lead.io/epoch']).toBe(epoch), patience);
    second.startTimers();
    await settled(pair);
    expect(second.sent.slice(sentBefore)).toEqual([]);
  });

  it('one replica reports about Services in its gauges', async () => {
    const { holder, second } = await aPair(slowLease);
    const [first, other] = await Promise.all([holder, second].map(({ metrics }) => metrics.registry.metrics()));
    expect(first).toContain('zen_lead_leader_stable{namespace="shop",service="db"} 1');
    expect(first).toContain('zen_lead_lease_holder 1');
    expect(other).not.toContain('zen_lead_leader_stable{');
    expect(other).toContain('zen_lead_lease_holder 0');
  });

  it('the other replica takes over at once when the holder ends in good order', async () => {
    const { server, holder, second } = await aPair({ ...slowLease, periodMs: 100 });
    await holder.bridge.close();
    await vi.waitFor(async () => expect(await second.isHolder()).toBe(true), patience);
    const before = second.events.length;
    setReady(server, 'shop', 'db-0', false);
    await expectLeader(server, 'db-1');
    expect(snapshotsOf(second, before).length).toBeGreaterThan(0);
  });
});

describe('the holder is killed', () => {
  it('the other replica moves the route with a hint when the holder is killed, long before the Lease is free', async () => {
    const { server, holder, second } = await aPair(slowLease);
    holder.kill();
    setReady(server, 'shop', 'db-0', false);
    await expectLeader(server, 'db-1');
    // One hint is enough, though the watches are behind the LIST that the function made.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(second.events.map(({ type, data }) => [type, data.snapshot])).toEqual([
      ['io.zen-lead.pod.modified', undefined],
    ]);
    expect(await second.isHolder()).toBe(false);
  });

  it('a leader that comes back after the holder was killed does not take the lead again: the hint has settled it', async () => {
    const { server, holder, second } = await aPair(slowLease);
    holder.kill();
    setReady(server, 'shop', 'db-0', false);
    await expectLeader(server, 'db-1');
    setReady(server, 'shop', 'db-0', true);
    setReady(server, 'shop', 'db-1', false);
    await expectLeader(server, 'db-0');
    expect(snapshotsOf(second)).toEqual([]);
  });

  it('a timer that died with the holder fires', async () => {
    const { server, holder, second } = await aPair(slowLease, { 'zen-lead.io/failover-min-delay': '3s' });
    loseReadiness(server, 'db-0');
    // The holder has decided to wait, and would come back to it.
    const seen = () => holder.events.map(({ type }) => type);
    await vi.waitFor(() => expect(seen()).toContain('io.zen-lead.pod.modified'), patience);
    holder.kill();
    await expectLeader(server, 'db-1');
    const sent = () => second.events.map(({ type }) => type);
    await vi.waitFor(() => expect(sent()).toEqual(['io.zen-lead.service.recheck']), patience);
  });

  it('what the killed holder had not announced is announced by the replica that takes the Lease', async () => {
    const pair = await aPair(quickLease);
    const { server, holder } = pair;
    holder.kill();
    setReady(server, 'shop', 'db-0', false);
    await expectLeader(server, 'db-1');
    await vi.waitFor(async () => expect(await readAnnounced(server)).toBe(await readEpoch(server)), patience);
    await expectTakeover(pair);
  });
});

describe('the holder is frozen', () => {
  it('a frozen holder acts on nothing that it assumed when it wakes: no snapshot, no write, the route stays', async () => {
    const pair = await aPair(quickLease);
    const { server, holder, second } = pair;
    holder.freeze();
    setReady(server, 'shop', 'db-0', false);
    await expectLeader(server, 'db-1');
    // The old leader is well again, so a replica that still assumes it sees no change.
    setReady(server, 'shop', 'db-0', true);
    await vi.waitFor(async () => expect(await second.isHolder()).toBe(true), patience);
    await vi.waitFor(async () => expect(await readAnnounced(server)).toBe(await readEpoch(server)), patience);
    await settled(pair);
    const before = await readSlice(server);
    const sentBefore = holder.sent.length;

    holder.wake();
    expect(await holder.isHolder()).toBe(false);
    await vi.waitFor(() => expect(holder.bridge.readiness().ready).toBe(true), patience);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(holder.sent.slice(sentBefore)).toEqual([]);
    expect(await readSlice(server)).toEqual(before);
    await expectTakeover(pair);
  });

  it('the write of a holder that was frozen in the middle of it comes late, is refused, and moves nothing back', async () => {
    const { server, holder } = await aPair(quickLease);
    // Its PATCH is on its way when it stands still.
    const late = server.faults.add({
      fault: { kind: 'latency', latencyMs: 600 },
      matches: ({ verb, resource }) => verb === 'patch' && resource === 'endpointslices',
      times: 1,
    });
    setReady(server, 'shop', 'db-0', false);
    await vi.waitFor(() => expect(late.count()).toBe(1), patience);
    holder.freeze();
    await expectLeader(server, 'db-1');
    const epoch = await readEpoch(server);
    setReady(server, 'shop', 'db-0', true);
    await new Promise((resolve) => setTimeout(resolve, 600));
    holder.wake();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await readEpoch(server)).toBe(epoch);
    await expectLeader(server, 'db-1');
  });
});

describe('the holder is cut off from the API server', () => {
  it('the other replica moves the route while the holder is cut off; healed, the holder moves nothing and sends second', async () => {
    const pair = await aPair(quickLease);
    const { server, holder, second } = pair;
    holder.partition();
    setReady(server, 'shop', 'db-0', false);
    await expectLeader(server, 'db-1');
    await vi.waitFor(async () => expect(await second.isHolder()).toBe(true), patience);
    await vi.waitFor(async () => expect(await readAnnounced(server)).toBe(await readEpoch(server)), patience);
    const before = await readSlice(server);

    holder.heal();
    await expectTakeover(pair);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await readSlice(server)).toEqual(before);
  });

  it('a replica without any right to the Lease sends all the same while the holder is cut off', async () => {
    const server = await startCluster('shop');
    closers.push(() => server.close());
    const denied = {
      fault: { kind: 'status', code: 403 },
      matches: ({ resource }: { resource: string }) => resource === 'leases',
    } as const;
    server.faults.add(denied);
    addService(server, 'shop', 'db');
    addPod(server, 'shop', 'db-0', 'db');
    const alone = await aReplica(server, 'alone', quickLease);
    await expectLeader(server, 'db-0');
    expect(await alone.isHolder()).toBe(true);
  });
});
