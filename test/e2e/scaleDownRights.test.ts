/**
 * Tests the component deploy/components/scale-down on a real API server: with its rights and the
 * guard zen-lead scales, without them it says so, and a thief of its identity can do little.
 */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connectApi } from '../support/controlPlane/connectApi.ts';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { type StandInNode, startStandInNode } from '../support/controlPlane/standInNode.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { comesDown, countReady, isRefused, readReplicas } from '../support/controlPlane/workloads.ts';
import { writeAccountKubeconfig } from '../support/controlPlane/writeAccountKubeconfig.ts';
import { buildWith } from '../support/deploy/readManifests.ts';
import { aService } from '../support/objects/aService.ts';
import { aWorkload } from '../support/objects/aWorkload.ts';
import { startZenLead, type ZenLead } from '../support/programs/spawnZenLead.ts';

const controlPlane = useControlPlane({ workloads: true });
let node: StandInNode | undefined;
let zenLead: ZenLead | undefined;

async function install(component: string): Promise<void> {
  const items = buildWith(component, 'kubernetes/one', true);
  await controlPlane().kubectl.withInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply');
}

beforeAll(async () => {
  const hours = [5, 1, 3];
  node = startStandInNode(controlPlane(), { readyAgoMs: (n) => (hours[n % hours.length] ?? 1) * 3_600_000 });
  await install('components/nodes');
});
afterEach(() => zenLead?.process.stop('SIGKILL'));
afterAll(() => node?.close());

async function start(name: string, ...flags: readonly string[]): Promise<Namespace> {
  const namespace = await createNamespace(controlPlane(), name);
  const home = { ...namespace, name: 'zen-lead', core: (plural: string) => `/api/v1/namespaces/zen-lead/${plural}` };
  const kubeconfig = await writeAccountKubeconfig(controlPlane(), home, 'zen-lead');
  await namespace.apply(aWorkload());
  await expect.poll(() => countReady(namespace)).toBe(3);
  const resync = ['--resync-interval-ms', '2000', '--namespace', name];
  zenLead = await startZenLead({ ...controlPlane(), kubeconfig }, `zen-lead-${name}`, ...resync, ...flags);
  await namespace.apply(aService({ annotations: { 'scale-down': '0', 'scale-down-after': '0s' } }));
  return namespace;
}

test('without the flag nothing is scaled, and a Warning says so', async () => {
  const namespace = await start('no-flag');
  await isRefused(namespace, 'NotEnabled');
  await staysSo(() => readReplicas(namespace));
});

test('without the rights nothing is scaled, and a Warning names what is refused', async () => {
  const namespace = await start('no-rights', '--scale-down');
  await isRefused(namespace, 'Forbidden');
  await staysSo(() => readReplicas(namespace));
});

test('with the component zen-lead scales under its own account and the guard, and restores', async () => {
  await install('components/scale-down');
  const namespace = await start('with-rights', '--scale-down');
  await comesDown(namespace);
  await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/scale-down-');
  await expect.poll(() => readReplicas(namespace)).toBe(3);
});

test('a thief of the identity scales nothing to nothing, and writes no workload', async () => {
  const namespace = await createNamespace(controlPlane(), 'robbed');
  await namespace.apply(aWorkload());
  const { url, caFile, kubectl } = controlPlane();
  const token = (await kubectl('-n', 'zen-lead', 'create', 'token', 'zen-lead')).trim();
  const send = connectApi(url, token, caFile);
  const path = `/apis/apps/v1/namespaces/${namespace.name}/deployments/web`;
  const steal = async (at: string, replicas: number) =>
    String(await send?.('PATCH', at, { spec: { replicas } }).catch(String));
  await expect
    .poll(() => steal(`${path}/scale`, 0), { timeout: 20_000 })
    .toMatch(/zen-lead-writes-only-scale.*scales no workload to nothing/s);
  expect(await steal(path, 1)).toMatch(/cannot patch resource/);
  expect(await readReplicas(namespace)).toBe(3);
});
