/**
 * Tests that each namespace of `--namespace` lists, watches, sends and is ready for itself: what
 * one of them is refused stops no other. docs/architecture.md#readiness
 */

import { expect, it, vi } from 'vitest';
import type { EmbeddedApiServer } from '../../../apiserver/startApiServer.ts';
import type { Snapshot } from '../../../lib/selection/snapshot.ts';
import { aBench, addPod, addService, anApiServer, PATIENCE_MS, setReady } from '../../support/programs/bridgeBench.ts';

const namespaces = ['bank', 'shop'];
const retry = { minMs: 5, maxMs: 20 };
const quick = { watches: { tickMs: 10, blindMs: 150, proofMs: 20, retry, relist: retry } };

async function aCluster(): Promise<EmbeddedApiServer> {
  const server = await anApiServer(...namespaces);
  addService(server, 'shop', 'db');
  addService(server, 'bank', 'ledger');
  for (const n of [0, 1]) addPod(server, 'shop', `db-${n}`, 'db');
  for (const n of [0, 1]) addPod(server, 'bank', `ledger-${n}`, 'ledger');
  return server;
}

/** What a RoleBinding that is gone does to every request for pods of that namespace. */
function forbidPods(server: EmbeddedApiServer, namespace: string) {
  return server.faults.add({
    fault: { kind: 'status', code: 403 },
    matches: (request) => request.resource === 'pods' && request.namespace === namespace,
  });
}

const readyOf = (snapshot: Snapshot | undefined) => snapshot?.candidates.map(({ ready }) => ready).toSorted();
const waitFor = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: PATIENCE_MS });

it('a bridge serves every other namespace while one may not be listed, and that one as soon as it may', async () => {
  const server = await aCluster();
  const forbidden = forbidPods(server, 'bank');
  const bench = aBench({ server, namespaces, tuning: quick });
  expect(await bench.nextEvents(1)).toEqual(['service.added shop/db']);
  setReady(server, 'shop', 'db-0', false);
  expect(await bench.nextEvents(1)).toEqual(['pod.modified shop/db']);

  await waitFor(() =>
    expect(bench.bridge.readiness()).toEqual({
      ready: true,
      reasons: [expect.stringMatching(/^namespace bank is not served: list pods .*bank.* 403 /)],
    }),
  );
  // Its Services are known, and a Service that changes is not decided on without its pods.
  expect(bench.bridge.sources()).toEqual([{ namespace: 'shop', name: 'db' }]);
  addService(server, 'bank', 'audit');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(bench.events.map(({ partitionkey }) => partitionkey)).not.toContain('bank/audit');

  forbidden.remove();
  expect((await bench.nextEvents(2)).toSorted()).toEqual(['service.added bank/audit', 'service.added bank/ledger']);
  expect(bench.bridge.readiness()).toEqual({ ready: true, reasons: [] });
  setReady(server, 'bank', 'ledger-0', false);
  expect(await bench.nextEvents(1)).toEqual(['pod.modified bank/ledger']);
  expect(bench.events.at(-1)?.data.snapshot?.candidates).toHaveLength(2);
});

it('a bridge is not ready while no namespace may be listed', async () => {
  const server = await aCluster();
  const forbidden = namespaces.map((namespace) => forbidPods(server, namespace));
  const bench = aBench({ server, namespaces, tuning: quick });
  await waitFor(() => expect(bench.bridge.readiness().reasons.join()).toMatch(/bank is not.*shop is not/));
  expect(bench.bridge.readiness().ready).toBe(false);
  expect(bench.events).toEqual([]);
  for (const each of forbidden) each.remove();
  await waitFor(() => expect(bench.bridge.readiness()).toEqual({ ready: true, reasons: [] }));
});

it('a bridge is not ready while a list of one namespace is late, and serves the others all the same', async () => {
  const server = await aCluster();
  const stalled = server.faults.add({
    fault: { kind: 'stall' },
    matches: ({ resource, namespace }) => resource === 'pods' && namespace === 'bank',
  });
  const bench = aBench({ server, namespaces, tuning: quick });
  expect(await bench.nextEvents(1)).toEqual(['service.added shop/db']);
  await waitFor(() =>
    expect(bench.bridge.readiness()).toEqual({
      ready: false,
      reasons: ['the list of pods in bank is not complete yet'],
    }),
  );
  stalled.remove();
});

it('a bridge sends no resync and no reconcile of everything about a namespace that is not listed', async () => {
  const server = await aCluster();
  forbidPods(server, 'bank');
  const bench = aBench({ server, namespaces, tuning: { ...quick, resync: { periodMs: 40, tickMs: 5 } } });
  await waitFor(() =>
    expect(bench.events.filter(({ type }) => type === 'io.zen-lead.service.resync').length).toBeGreaterThan(2),
  );
  expect(new Set(bench.events.map(({ partitionkey }) => partitionkey))).toEqual(new Set(['shop/db']));
});

it('a bridge stops decisions in a namespace that loses its right while running, there alone, and stays ready', async () => {
  const server = await aCluster();
  const bench = aBench({ server, namespaces, tuning: { ...quick, resync: { periodMs: 50, tickMs: 10 } } });
  const snapshots = (key: string, from: number) =>
    bench.events.slice(from).flatMap(({ partitionkey, data }) => (partitionkey === key ? (data.snapshot ?? []) : []));
  await waitFor(() => expect(snapshots('bank/ledger', 0)).not.toEqual([]));

  const forbidden = forbidPods(server, 'bank');
  server.cutWatches('reset');
  await waitFor(() =>
    expect(bench.bridge.readiness().reasons.join()).toMatch(/^namespace bank is not served: .* 403 /),
  );
  await waitFor(() => expect(bench.bridge.readiness().ready).toBe(true));
  const blindFrom = bench.events.length;
  setReady(server, 'shop', 'db-0', false);
  await waitFor(() => expect(readyOf(snapshots('shop/db', blindFrom).at(-1))).toEqual([false, true]));
  await waitFor(() => expect(bench.events.slice(blindFrom).map((each) => each.partitionkey)).toContain('bank/ledger'));
  expect(snapshots('bank/ledger', blindFrom)).toEqual([]);

  setReady(server, 'bank', 'ledger-0', false);
  forbidden.remove();
  await waitFor(() => expect(readyOf(snapshots('bank/ledger', blindFrom).at(-1))).toEqual([false, true]));
  await waitFor(() => expect(bench.bridge.readiness()).toEqual({ ready: true, reasons: [] }));
});
