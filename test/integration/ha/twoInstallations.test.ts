/**
 * Two installations of zen-lead beside each other on one cluster, each with a Lease of its own, so
 * that neither knows of the other one.
 */

import { expect, it, onTestFinished, vi } from 'vitest';
import type { EmbeddedApiServer } from '../../../apiserver/startApiServer.ts';
import { annotationOf, endpointsOf, type KubeObject } from '../../simulation/kubeObject.ts';
import { addPod, addService, setReady, startCluster } from '../../support/programs/bridgeBench.ts';
import { type Replica, slowLease, startReplica } from '../../support/programs/replica.ts';

/** An announcement that a busy machine did not make in half a second is made again after five. */
const patience = { timeout: 30_000, interval: 10 };
/** Longer than the debounce of a change, a hedge and an announcement take. */
const QUIET_MS = 600;
const EPOCH = 'zen-lead.io/epoch';

async function aCluster(...namespaces: string[]): Promise<EmbeddedApiServer> {
  const server = await startCluster(...namespaces);
  onTestFinished(() => server.close());
  for (const namespace of namespaces) {
    addService(server, namespace, 'db');
    for (const n of [0, 1]) addPod(server, namespace, `db-${n}`, 'db');
  }
  return server;
}

async function install(server: EmbeddedApiServer, name: string, ...namespaces: string[]): Promise<Replica> {
  const replica = await startReplica(server, name, slowLease, { namespaces, leaseNamespace: name });
  onTestFinished(() => replica.close());
  await vi.waitFor(async () => expect(await replica.isHolder()).toBe(true), patience);
  return replica;
}

const sliceOf = (server: EmbeddedApiServer, namespace: string): KubeObject | undefined =>
  (server.objects.list('endpointslices', namespace) as unknown as readonly KubeObject[]).find(
    (slice) => annotationOf(slice, EPOCH) !== undefined,
  );
const leaderOf = (server: EmbeddedApiServer, namespace: string): string | undefined =>
  endpointsOf(sliceOf(server, namespace) ?? null)[0]?.targetRef?.name;
const everythingIn = (server: EmbeddedApiServer, namespace: string): string =>
  JSON.stringify(['services', 'endpointslices', 'events'].map((plural) => server.objects.list(plural, namespace)));

/** Resolves with all that is there, once nothing has been written for a while. */
async function whenQuiet(server: EmbeddedApiServer, namespace: string): Promise<string> {
  return await vi.waitFor(async () => {
    const before = everythingIn(server, namespace);
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    expect(everythingIn(server, namespace)).toBe(before);
    return before;
  }, patience);
}

it('two installations for different namespaces serve their own, and touch nothing of the other one', async () => {
  const server = await aCluster('shop', 'bank');
  const shop = await install(server, 'zen-lead-shop', 'shop');
  await vi.waitFor(() => expect(leaderOf(server, 'shop')).toBe('db-0'), patience);
  await whenQuiet(server, 'shop');
  expect(leaderOf(server, 'bank')).toBeUndefined();

  const before = everythingIn(server, 'shop');
  const bank = await install(server, 'zen-lead-bank', 'bank');
  await vi.waitFor(() => expect(leaderOf(server, 'bank')).toBe('db-0'), patience);
  await whenQuiet(server, 'bank');
  expect(everythingIn(server, 'shop')).toBe(before);

  setReady(server, 'shop', 'db-0', false);
  await vi.waitFor(() => expect(leaderOf(server, 'shop')).toBe('db-1'), patience);
  for (const [replica, namespace] of [
    [shop, 'shop'],
    [bank, 'bank'],
  ] as const)
    expect(new Set(replica.sent.map(({ partitionkey }) => partitionkey))).toEqual(new Set([`${namespace}/db`]));
});

it('two installations for the same namespace elect once for each loss, and then write nothing', async () => {
  const server = await aCluster('shop');
  const installations = [await install(server, 'zen-lead-a'), await install(server, 'zen-lead-b')];
  for (const [lost, next] of [
    ['db-0', 'db-1'],
    ['db-1', 'db-0'],
  ] as const) {
    await vi.waitFor(() => expect(leaderOf(server, 'shop')).toBe(lost), patience);
    await whenQuiet(server, 'shop');
    const epoch = Number(annotationOf(sliceOf(server, 'shop'), EPOCH));
    setReady(server, 'shop', next, true);
    setReady(server, 'shop', lost, false);
    await vi.waitFor(() => expect(leaderOf(server, 'shop')).toBe(next), patience);
    await whenQuiet(server, 'shop');
    expect(Number(annotationOf(sliceOf(server, 'shop'), EPOCH))).toBe(epoch + 1);
  }
  for (const { sent } of installations) expect(sent.length).toBeGreaterThan(0);
});
