/**
 * Tests examples/scale-down as their headers say they are used, with the real controllers of
 * Deployments and HPAs. A proxy stands in for the metrics adapter: it serves zen-lead's own gauge.
 */

import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type StandInNode, startStandInNode } from '../support/controlPlane/standInNode.ts';
import {
  comesDown,
  countReady,
  listPods,
  readNotes,
  readReplicas,
  readScaleState,
} from '../support/controlPlane/workloads.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const folder = resolve(import.meta.dirname, '../../examples/scale-down');
const world = useZenLead({ workloads: true, readMetric }, '--scale-down', '--resync-interval-ms', '2000');
let node: StandInNode | undefined;
beforeAll(() => {
  const hours = [5, 1, 3];
  node = startStandInNode(world.controlPlane(), { readyAgoMs: (n) => (hours[n % hours.length] ?? 1) * 3_600_000 });
});
afterAll(() => node?.close());

/** As the adapter asks Prometheus, which scrapes the bridge. */
async function readMetric(namespace: string, metric: string, selector: string): Promise<number | null> {
  const page = await (await fetch(`${world.zenLead().url}/metrics`)).text();
  const service = /^service=(.+)$/.exec(selector)?.[1];
  const start = `${metric}{namespace="${namespace}",service="${service}"} `;
  const line = page.split('\n').find((each) => each.startsWith(start));
  return line === undefined ? null : Number(line.slice(start.length));
}

async function start(file: string): Promise<Namespace> {
  const namespace = await world.namespace();
  await namespace.kubectl('apply', '-f', `${folder}/${file}`);
  await expect.poll(() => countReady(namespace)).toBe(3);
  await expect.poll(() => readLeader(namespace, 'worker-leader')).toMatch(/^worker-/);
  // What the example waits for is ten minutes.
  await namespace.kubectl('annotate', 'service', 'worker', 'zen-lead.io/scale-down-after=0s', '--overwrite');
  return namespace;
}

const lose = async (namespace: Namespace, leader: string): Promise<void> => {
  await namespace.kubectl('annotate', 'service', 'worker', 'zen-lead.io/scale-down-after=1h', '--overwrite');
  await namespace.request('DELETE', `${namespace.core('pods')}/${leader}`, {});
};

test('worker: comes down to its leader, and up again when that is lost', async () => {
  const namespace = await start('worker.yaml');
  const leader = await comesDown(namespace, 'Deployment', 1, 'worker');
  await lose(namespace, leader);
  await expect.poll(() => readReplicas(namespace, 'Deployment', 'worker')).toBe(3);
});

test('worker with an HPA: the HPA scales by the gauge, zen-lead writes no scale, the leader survives', async () => {
  const namespace = await start('worker-with-hpa.yaml');
  await expect.poll(() => readScaleState(namespace, 'worker-leader'), { timeout: 30_000 }).toContain('"by":"hpa"');
  const leader = await comesDown(namespace, 'Deployment', 1, 'worker');
  expect(await readMetric(namespace.name, 'zen_lead_wanted_replicas', 'service=worker')).toBe(1);
  const reasons = (await readNotes(namespace, 'worker')).join('\n');
  expect(reasons).not.toMatch(/ScaledDown|ScaleDownRefused/);
  expect((await readService(namespace, 'worker-leader'))?.metadata.annotations).not.toHaveProperty([
    'zen-lead.io/scale-restore',
  ]);

  await lose(namespace, leader);
  await expect.poll(() => readMetric(namespace.name, 'zen_lead_wanted_replicas', 'service=worker')).toBe(3);
  await expect.poll(() => readReplicas(namespace, 'Deployment', 'worker'), { timeout: 30_000 }).toBe(3);
  await expect.poll(() => listPods(namespace), { timeout: 20_000 }).toHaveLength(3);
});
