import { describe, expect, it, vi } from 'vitest';
import {
  aBench,
  addLeader,
  addPod,
  addService,
  anApiServer,
  aReply,
  type BridgeBench,
  PATIENCE_MS,
  setReady,
} from '../../support/programs/bridgeBench.ts';

const waitFor = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: PATIENCE_MS });

const synced = (bench: BridgeBench): Promise<unknown> =>
  waitFor(() => expect(bench.bridge.readiness()).toEqual({ ready: true, reasons: [] }));

describe('at the start', () => {
  it('the bridge sends one event for every opted-in Service, with the whole state', async () => {
    const server = await anApiServer('shop', 'bank');
    addService(server, 'shop', 'db');
    addService(server, 'bank', 'ledger');
    addService(server, 'bank', 'web', false);
    for (const n of [0, 1, 2]) addPod(server, 'shop', `db-${n}`, 'db');
    const bench = aBench({ server });
    expect((await bench.nextEvents(2)).toSorted()).toEqual(['service.added bank/ledger', 'service.added shop/db']);
    const db = bench.events.find(({ partitionkey }) => partitionkey === 'shop/db');
    expect(db?.data.snapshot?.candidates.map(({ name }) => name).toSorted()).toEqual(['db-0', 'db-1', 'db-2']);
    expect(db?.data.snapshot?.source?.name).toBe('db');
  });

  it('the bridge sends nothing before every list is complete, and says which one is missing', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    const stalled = server.faults.add({ fault: { kind: 'stall' }, matches: ({ resource }) => resource === 'pods' });
    const bench = aBench({ server });
    await waitFor(() => expect(bench.bridge.readiness().reasons).toEqual(['the list of pods is not complete yet']));
    server.objects.patch({ resource: 'services', namespace: 'shop', name: 'db' }, { spec: { selector: { app: 'x' } } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(bench.events).toEqual([]);
    stalled.remove();
  });

  it('the bridge watches only the namespaces that it is given', async () => {
    const server = await anApiServer('shop', 'bank');
    addService(server, 'shop', 'db');
    addService(server, 'bank', 'ledger');
    const bench = aBench({ server, namespaces: ['shop'] });
    expect(await bench.nextEvents(1)).toEqual(['service.added shop/db']);
    addService(server, 'bank', 'other');
    addService(server, 'shop', 'cache');
    expect(await bench.nextEvents(1)).toEqual(['service.added shop/cache']);
  });
});

describe('while it runs', () => {
  it('the bridge sends a pod’s change with the state after it, and its revision', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    addPod(server, 'shop', 'db-0', 'db');
    const bench = aBench({ server });
    await synced(bench);
    bench.skipEvents();
    const told = bench.concerned.length;
    setReady(server, 'shop', 'db-0', false);
    expect(await bench.nextEvents(1)).toEqual(['pod.modified shop/db']);
    expect(bench.concerned.slice(told)).toEqual(['shop/db']);
    const snapshot = bench.events.at(-1)?.data.snapshot;
    expect(snapshot?.candidates).toMatchObject([{ name: 'db-0', ready: false }]);
    expect(snapshot?.revisions.pods).toBe(String(server.revision()));
  });

  it('the bridge sends nothing for a pod that no Service selects, and nothing when nothing relevant changed', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    addPod(server, 'shop', 'db-0', 'db');
    const bench = aBench({ server });
    await synced(bench);
    bench.skipEvents();
    addPod(server, 'shop', 'web-0', 'web');
    const annotated = { metadata: { annotations: { 'example.com/x': '1' } } };
    server.objects.patch({ resource: 'pods', namespace: 'shop', name: 'db-0' }, annotated);
    server.objects.patch({ resource: 'services', namespace: 'shop', name: 'db' }, annotated);
    addService(server, 'shop', 'last');
    expect(await bench.nextEvents(1)).toEqual(['service.added shop/last']);
  });

  it('the bridge sends one event for what one reconcile has made, once both watches have brought it', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    const bench = aBench({ server });
    expect(await bench.nextEvents(1)).toEqual(['service.added shop/db']);
    addLeader(server, 'shop', 'db');
    expect(await bench.nextEvents(1)).toEqual(['service.drifted shop/db']);
    const { services, slices, revisions } = bench.events.at(-1)?.data.snapshot ?? {};
    expect([services?.length, slices?.length]).toEqual([1, 1]);
    // The watch of foreign slices has not got that far, and may have missed one: the older of the
    // two counts.
    expect(Number(revisions?.slices)).toBeLessThan(Number(slices?.[0]?.resourceVersion));
    addService(server, 'shop', 'last');
    expect(await bench.nextEvents(1)).toEqual(['service.added shop/last']);
  });

  it('the bridge sends a recheck when the reply asks for it, and hands the carry back', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    const bench = aBench({
      server,
      answer: (event) =>
        event.type.endsWith('.recheck') ? { status: 200 } : aReply(event, { recheckAfterMs: 30, carry: 'n=1' }),
    });
    expect(await bench.nextEvents(2)).toEqual(['service.added shop/db', 'service.recheck shop/db']);
    expect(bench.events.at(-1)?.data.carry).toBe('n=1');
  });

  it('the bridge sends a resync for every Service, period after period', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    const bench = aBench({ server, tuning: { resync: { periodMs: 40, tickMs: 5 } } });
    await waitFor(() =>
      expect(bench.events.filter(({ type }) => type === 'io.zen-lead.service.resync').length).toBeGreaterThan(2),
    );
  });

  it('the bridge keeps watching behind a sink that never answers', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    addPod(server, 'shop', 'db-0', 'db');
    const bench = aBench({
      server,
      answer: () => new Promise(() => {}),
      tuning: { delivery: { closeGraceMs: 10 } },
    });
    await waitFor(() => expect(bench.events).toHaveLength(1));
    setReady(server, 'shop', 'db-0', false);
    const pod = () => bench.bridge.store.namespace('shop').pods.byName.get('db-0');
    await waitFor(() => expect(pod()?.ready).toBe(false));
  });

  it('the bridge shows what it sees in its gauges', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    for (const n of [0, 1, 2]) addPod(server, 'shop', `db-${n}`, 'db');
    setReady(server, 'shop', 'db-2', false);
    const bench = aBench({ server });
    await synced(bench);
    const page = await bench.metrics.registry.metrics();
    expect(page).toContain('zen_lead_pods_available{namespace="shop",service="db"} 2');
    expect(page).toContain('zen_lead_leader_service_without_endpoints{namespace="shop",service="db"} 1');
    expect(page).toContain('zen_lead_cache_size{namespace="shop"} 3');
    expect(page).toMatch(/zen_lead_watch_staleness_seconds\{resource="pods"\} 0/);

    server.objects.delete({ resource: 'services', namespace: 'shop', name: 'db' });
    await waitFor(async () => expect(await bench.metrics.registry.metrics()).not.toContain('zen_lead_pods_available{'));
  });
});

describe('while a watch is blind', () => {
  it('the bridge sends hints, says so in its readiness, and sends snapshots again once it sees', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    addPod(server, 'shop', 'db-0', 'db');
    const retry = { minMs: 5, maxMs: 20 };
    const watches = { tickMs: 10, blindMs: 150, proofMs: 20, retry, relist: retry };
    const bench = aBench({ server, tuning: { watches, resync: { periodMs: 50, tickMs: 10 } } });
    const snapshots = (from: number) => bench.events.slice(from).flatMap(({ data }) => data.snapshot ?? []);
    await waitFor(() => expect(snapshots(0)).not.toEqual([]));

    const blind = server.faults.add({ fault: { kind: 'reset' }, matches: ({ resource }) => resource === 'pods' });
    server.cutWatches('reset');
    await waitFor(() => expect(bench.bridge.readiness().reasons.join()).toContain('the watch of pods'));
    const blindFrom = bench.events.length;
    await waitFor(() => expect(bench.events.length).toBeGreaterThan(blindFrom + 2));
    expect(snapshots(blindFrom)).toEqual([]);

    addPod(server, 'shop', 'db-1', 'db');
    blind.remove();
    await waitFor(() => expect(snapshots(blindFrom).at(-1)?.candidates).toHaveLength(2));
  });
});

describe('after a gap', () => {
  it('the bridge sends what changed while the watch was cut', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    addPod(server, 'shop', 'db-0', 'db');
    const bench = aBench({ server });
    await synced(bench);
    await waitFor(() => expect(bench.events).toHaveLength(1));
    bench.skipEvents();
    server.cutWatches('reset');
    setReady(server, 'shop', 'db-0', false);
    server.compact();
    expect(await bench.nextEvents(1)).toEqual(['pod.modified shop/db']);
  });

  it('the bridge builds no snapshot out of half a list', async () => {
    const server = await anApiServer('shop');
    addService(server, 'shop', 'db');
    for (const n of [0, 1]) addPod(server, 'shop', `db-${n}`, 'db');
    const bench = aBench({ server });
    await synced(bench);
    await waitFor(() => expect(bench.events).toHaveLength(1));
    // db-0 goes and db-1 turns NotReady in the same gap: there must be no snapshot in which only
    // one of them did.
    const blind = server.faults.add({ fault: { kind: 'reset' }, matches: ({ resource }) => resource === 'pods' });
    server.cutWatches('reset');
    server.objects.delete({ resource: 'pods', namespace: 'shop', name: 'db-0' }, { gracePeriodSeconds: 0 });
    setReady(server, 'shop', 'db-1', false);
    server.compact();
    blind.remove();
    await waitFor(() => expect(bench.events.length).toBeGreaterThan(1));
    await synced(bench);
    for (const { data } of bench.events.slice(1))
      expect(data.snapshot?.candidates.map(({ name, ready }) => `${name} ${ready}`) ?? []).toEqual(
        data.snapshot === undefined ? [] : ['db-1 false'],
      );
  });
});
