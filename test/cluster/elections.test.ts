/**
 * Runs examples/elections and examples/scale-down in the cluster, with real pods behind a real
 * kubelet and the real controllers of Deployments.
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { aCertificate } from '../support/programs/aCertificate.ts';
import { attachCluster } from './attachCluster.ts';
import { applyOverlay, waitUntilReady } from './zenLead.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);
const root = resolve(import.meta.dirname, '../..');
const namespace = 'elections';
const kubectl = (...args: readonly string[]) => cluster.kubectl('-n', namespace, ...args);
/** A pod starts in seconds; the rest is for a busy machine. */
const soon = { timeout: 120_000, interval: 250 };

beforeAll(async () => {
  await waitUntilReady(cluster);
  await cluster.kubectl('create', 'namespace', namespace);
});
afterAll(async () => {
  await cluster.kubectl('delete', 'namespace', namespace, '--timeout=150s');
  await applyOverlay(cluster, 'first');
  await cluster.kubectl('-n', 'zen-lead', 'delete', 'role,rolebinding', 'zen-lead-scale-down', '--ignore-not-found');
  await waitUntilReady(cluster);
});

/** With the suite's image, which is on the node already. */
async function applyExample(path: string, change = (manifest: string): string => manifest): Promise<void> {
  const manifest = readFileSync(resolve(root, 'examples', path), 'utf8');
  await cluster.apply(change(manifest.replaceAll('busybox:1.37', 'dev.local/busybox:1')), '-n', namespace);
}

interface Slice {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly endpoints: readonly { readonly targetRef: { readonly name: string } }[] | null;
}

/** The pods that each slice of a leader Service routes to, by the name of the slice. */
async function readRoutes(leaderService: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const { items } = (await cluster.request('GET', path)) as { readonly items: readonly Slice[] };
  const ours = items.filter(({ metadata }) => metadata.labels['kubernetes.io/service-name'] === leaderService);
  return new Map(
    ours.map(({ metadata, endpoints }) => [metadata.name, (endpoints ?? []).map(({ targetRef }) => targetRef.name)]),
  );
}

async function readLeader(leaderService: string): Promise<string> {
  return [...(await readRoutes(leaderService)).values()].flat().join();
}

describe('examples/elections/writer-and-cron.yaml', () => {
  test('two pods lead, and the loss of the writer leaves cron where it is', async () => {
    // The writer passes the half minute of cron before there is another pod that does.
    await applyExample('elections/writer-and-cron.yaml', (all) => all.replace('replicas: 3', 'replicas: 1'));
    await kubectl('rollout', 'status', 'deploy/app', '--timeout=150s');
    await expect.poll(() => readLeader('app-writer'), soon).not.toBe('');
    await sleep(3000);
    await kubectl('scale', 'deploy/app', '--replicas=3');
    await kubectl('rollout', 'status', 'deploy/app', '--timeout=150s');
    await expect.poll(() => readLeader('app-cron'), soon).not.toBe('');
    const [writer, cron] = [await readLeader('app-writer'), await readLeader('app-cron')];
    expect(cron).not.toBe(writer);

    await kubectl('delete', 'pod', writer, '--wait=false');
    await expect.poll(() => readLeader('app-writer'), soon).not.toBe(writer);
    expect(await readLeader('app-writer')).toMatch(/^app-[^,]+$/);
    expect(await readLeader('app-cron')).toBe(cron);
    await kubectl('delete', 'service/app', 'deploy/app');
  });
});

describe('examples/elections/three-gateways.yaml', () => {
  test('a pool of three has never more than three pods during a rolling update, and never two in a slot', async () => {
    await applyExample('elections/three-gateways.yaml');
    await kubectl('rollout', 'status', 'deploy/gateway', '--timeout=150s');
    const pool = async () => [...(await readRoutes('gateway-leader')).values()];
    await expect.poll(async () => (await pool()).map((slot) => slot.length), soon).toEqual([1, 1, 1]);
    const before = (await pool()).flat();

    await kubectl('rollout', 'restart', 'deploy/gateway');
    let isDone = false;
    const rollout = kubectl('rollout', 'status', 'deploy/gateway', '--timeout=150s').finally(() => {
      isDone = true;
    });
    const seen: (readonly (readonly string[])[])[] = [];
    while (!isDone) {
      seen.push(await pool());
      await sleep(50);
    }
    await rollout;
    expect(seen.filter((slots) => slots.length > 3 || slots.some((slot) => slot.length > 1))).toEqual([]);

    await expect.poll(async () => new Set((await pool()).flat()).size, soon).toBe(3);
    await expect.poll(async () => (await pool()).flat().filter((pod) => before.includes(pod)), soon).toEqual([]);
    await kubectl('delete', 'service/gateway', 'deploy/gateway');
  });
});

describe('examples/scale-down', () => {
  const readReplicas = async () => Number(await kubectl('get', 'deploy/worker', '-o', 'jsonpath={.spec.replicas}'));
  const listWorkers = () => kubectl('get', 'pods', '-l', 'app=worker', '-o', 'jsonpath={.items[*].metadata.name}');
  const annotate = (change: string) => kubectl('annotate', '--overwrite', 'service/worker', change);

  beforeAll(async () => {
    await applyOverlay(cluster, 'scale-down');
    await cluster.kubectl('apply', '-n', namespace, '-k', resolve(root, 'deploy/rights/scale-down'));
    await waitUntilReady(cluster);
  });

  /** One after the other: Kubernetes may keep either of two that were Ready in the same second. */
  async function startOneByOne(file: string): Promise<void> {
    await applyExample(`scale-down/${file}`, (manifest) => manifest.replace('replicas: 3', 'replicas: 1'));
    for (const replicas of [1, 2, 3]) {
      await kubectl('scale', 'deploy/worker', `--replicas=${replicas}`);
      await kubectl('rollout', 'status', 'deploy/worker', '--timeout=150s');
      await sleep(1_500);
    }
  }

  test('worker: the followers are scaled away, and come back when nothing asks for it, and when the leader is lost', async () => {
    await startOneByOne('worker.yaml');
    await annotate('zen-lead.io/scale-down-after=5s');
    await expect.poll(readReplicas, soon).toBe(1);
    const leader = await readLeader('worker-leader');
    await expect.poll(listWorkers, soon).toBe(leader);

    await annotate('zen-lead.io/scale-down-');
    await expect.poll(readReplicas, soon).toBe(3);
    await kubectl('rollout', 'status', 'deploy/worker', '--timeout=150s');
    expect(await readLeader('worker-leader')).toBe(leader);

    await annotate('zen-lead.io/scale-down=0');
    await expect.poll(readReplicas, soon).toBe(1);
    // Longer than the rest of the story takes.
    await annotate('zen-lead.io/scale-down-after=10m');
    await kubectl('delete', 'pod', leader, '--wait=false');
    await expect.poll(readReplicas, soon).toBe(3);
    await expect.poll(() => readLeader('worker-leader'), soon).toMatch(/^worker-[^,]+$/);
    expect(await readLeader('worker-leader')).not.toBe(leader);
    await kubectl('delete', 'service/worker', 'deploy/worker');
  });

  test('worker with an HPA: the HPA scales down by the gauge, keeps the leader, and scales up when it is lost', async () => {
    const { cert, key } = aCertificate('metrics-adapter.zen-lead.svc');
    await cluster.kubectl('-n', 'zen-lead', 'delete', 'secret', 'metrics-adapter', '--ignore-not-found');
    await cluster.kubectl(
      '-n',
      'zen-lead',
      'create',
      'secret',
      'tls',
      'metrics-adapter',
      `--cert=${cert}`,
      `--key=${key}`,
    );
    const adapter = resolve(import.meta.dirname, 'overlays/metrics-adapter');
    await cluster.kubectl('apply', '-k', adapter);
    await startOneByOne('worker-with-hpa.yaml');
    // An HPA may take two minutes, in which the order of young pods changes with their ages.
    const first = await readLeader('worker-leader');
    await kubectl('annotate', 'pod', first, 'controller.kubernetes.io/pod-deletion-cost=1');
    await expect.poll(() => readWanted(), soon).toBe('none');
    await annotate('zen-lead.io/scale-down-after=1s');
    await expect.poll(() => readWanted(), soon).toBe('1');
    await expect.poll(readReplicas, soon).toBe(1);
    const leader = await readLeader('worker-leader');
    await expect.poll(listWorkers, soon).toBe(leader);
    const events = await kubectl('get', 'events', '-o', 'jsonpath={.items[*].reason}');
    expect(events.split(' ')).toContain('SuccessfulRescale');

    await annotate('zen-lead.io/scale-down-after=10m');
    await kubectl('delete', 'pod', leader, '--wait=false');
    await expect.poll(readReplicas, soon).toBe(3);
    await expect.poll(() => readLeader('worker-leader'), soon).toMatch(/^worker-[^,]+$/);
    expect(await readLeader('worker-leader')).not.toBe(leader);
    await cluster.kubectl('delete', '-k', adapter);
    await cluster.kubectl('-n', 'zen-lead', 'delete', 'secret', 'metrics-adapter');
  });

  /** As the HPA reads it. */
  async function readWanted(): Promise<string> {
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/zen_lead_wanted_replicas?labelSelector=service%3Dworker`;
    const list = await cluster.request('GET', path).catch(() => ({ items: [{ value: 'no adapter' }] }));
    const { items } = list as { readonly items: readonly { readonly value: string }[] };
    return items[0]?.value ?? 'none';
  }
});
