/**
 * Tests the api role in the cluster: pods ask over its Service whether they lead, and only the one
 * that does works. People claim a lock with kubectl.
 */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './attachCluster.ts';
import { curl } from './clusterImages.ts';
import { waitUntilReady } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);
const overlay = (name: string): string => resolve(import.meta.dirname, 'overlays', name);
const namespace = 'leading';
const kubectl = (...args: readonly string[]) => cluster.kubectl('-n', namespace, ...args);

beforeAll(async () => {
  await waitUntilReady(cluster);
  await cluster.kubectl('apply', '-k', overlay('api'));
  await cluster.kubectl('-n', 'zen-lead', 'rollout', 'status', 'deploy/zen-lead-api', '--timeout=150s');
  await cluster.kubectl('create', 'namespace', namespace);
});
afterAll(async () => {
  await cluster.kubectl('delete', 'namespace', namespace, '--timeout=150s');
  await cluster.kubectl('delete', '-k', overlay('api'), '--timeout=150s');
});

describe('examples/am-i-leader', () => {
  const readLeader = () =>
    kubectl('get', 'endpointslices', '-l', 'kubernetes.io/service-name=reports-leader', '-o', leaderPath);
  const leaderPath = 'jsonpath={.items[*].endpoints[*].targetRef.name}';

  /** The pods of which a log says that they have worked. */
  async function listWorkers(): Promise<readonly string[]> {
    const names = (await kubectl('get', 'pods', '-l', 'app=reports', '-o', 'name')).trim().split('\n');
    const logs = await Promise.all(names.map(async (name) => [name, await kubectl('logs', name)] as const));
    return logs.filter(([, log]) => log.includes('leads, and works')).map(([name]) => name.replace('pod/', ''));
  }

  test.skipIf(!existsSync(curl))('only the pod that leads works, and after its end the next one does', async () => {
    await cluster.kubectl('apply', '-k', overlay('am-i-leader'));
    await kubectl('rollout', 'status', 'deploy/reports', '--timeout=150s');
    await expect.poll(readLeader, { timeout: 60_000, message: 'a pod leads' }).not.toBe('');
    const first = await readLeader();
    await expect.poll(listWorkers, { timeout: 90_000, message: 'the leader works' }).toEqual([first]);
    await kubectl('delete', 'pod', first, '--wait=false');
    await expect.poll(readLeader, { timeout: 60_000, message: 'another pod leads' }).not.toMatch(first);
    const next = await readLeader();
    await expect
      .poll(async () => (await listWorkers()).filter((name) => name !== first), { timeout: 90_000 })
      .toEqual([next]);
  });
});

describe('ManualLock', () => {
  const claim = (name: string) => `
apiVersion: locks.zen-lead.io/v1alpha1
kind: ManualLock
metadata: { name: ${name}, namespace: ${namespace} }
spec: { lock: schema, ttlSeconds: 60 }
`;
  const held = (name: string) =>
    kubectl('wait', `manuallock/${name}`, '--for=jsonpath={.status.phase}=Held', '--timeout=90s');
  const tokenOf = async (name: string) =>
    Number(await kubectl('get', `manuallock/${name}`, '-o', 'jsonpath={.status.fencingToken}'));

  test('the lock of a claim that is deleted goes to the next claim, with a greater token', async () => {
    await cluster.apply(claim('first'));
    await held('first');
    await cluster.apply(claim('second'));
    const token = await tokenOf('first');
    await kubectl('delete', 'manuallock/first');
    await held('second');
    expect(await tokenOf('second')).toBe(token + 1);
  });
});
