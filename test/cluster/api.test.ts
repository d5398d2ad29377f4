/**
 * Tests the api role in the cluster: people claim a lock with kubectl.
 */

import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { attachCluster } from './attachCluster.ts';
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
