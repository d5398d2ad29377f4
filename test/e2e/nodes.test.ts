/**
 * Nodes on a real kube-apiserver. The test renews the Leases in `kube-node-lease` as kubelets with
 * `nodeLeaseDurationSeconds: 2` do, and stops. Nodes have no kubelet here, so nothing else says
 * that one is dead.
 */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { nodes } from '../support/controlPlane/createNodes.ts';
import { listEventReasons } from '../support/controlPlane/listEvents.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aService } from '../support/objects/aService.ts';
import { startZenLead, type ZenLead } from '../support/programs/spawnZenLead.ts';

const controlPlane = useControlPlane();
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const RENEW_MS = 500;
/** Silent after 5 s at least; the bridge looks once a second. */
const SILENT_WITHIN_MS = 12_000;

let zenLead: ZenLead | undefined;
let renewals = 0;
const kubelets = new Map<string, NodeJS.Timeout>();

beforeEach(async () => {
  const { request } = controlPlane();
  // The namespace comes with the API server, a moment after it.
  await expect
    .poll(() =>
      request('GET', '/api/v1/namespaces/kube-node-lease').then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  for (const { name } of nodes) {
    await request('POST', LEASES, { metadata: { name }, spec: { holderIdentity: name } }).catch(() => {});
    startKubelet(name);
  }
});

afterEach(async () => {
  for (const { name } of nodes) stopKubelet(name);
  await zenLead?.process.stop('SIGKILL');
});

function startKubelet(name: string): void {
  const renew = (): void => {
    renewals += 1;
    // A test that ends takes the API server away.
    void controlPlane()
      .request('PATCH', `${LEASES}/${name}`, { spec: { leaseTransitions: renewals } })
      .catch(() => {});
  };
  kubelets.set(name, setInterval(renew, RENEW_MS));
}

function stopKubelet(name: string): void {
  clearInterval(kubelets.get(name));
}

/** web-0 leads on node-a; web-1 is on node-b. zen-lead knows all gaps between renewals. */
async function startLeader(name: string, annotations: Readonly<Record<string, string>> = {}): Promise<Namespace> {
  const namespace = await createNamespace(controlPlane(), name);
  zenLead = await startZenLead(controlPlane(), `zen-lead-${name}`);
  await startPod(namespace, { name: 'web-0', node: 'node-a' });
  await startPod(namespace, { name: 'web-1', node: 'node-b' });
  await namespace.apply(aService({ annotations }));
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await expect.poll(countAlive).toBe(nodes.length);
  return namespace;
}

/** Renewals that this test wrote before zen-lead started are no gaps; six of them are enough. */
async function countAlive(): Promise<number> {
  const page = await (await fetch(`${zenLead?.url}/metrics`)).text();
  return Number(/^zen_lead_nodes\{state="alive"\} (\d+)$/m.exec(page)?.[1] ?? 0);
}

const readReason = async (namespace: Namespace): Promise<string | undefined> => {
  const text = await namespace.kubectl('get', 'endpointslices', '-o', 'json');
  return /"zen-lead.io\/reason": "(\w+)"/.exec(text)?.[1];
};

test('a leader is left when the Lease of its node is renewed no more, and no other pod is', async () => {
  const namespace = await startLeader('node-dies');
  await staysSo(() => readLeader(namespace), 6 * RENEW_MS);
  stopKubelet('node-a');
  await expect.poll(() => readLeader(namespace), { timeout: SILENT_WITHIN_MS }).toBe('web-1');
  expect(await readReason(namespace)).toBe('LeaderNodeSilent');
  await expect.poll(() => listEventReasons(namespace)).toContain('Normal LeaderChanged');
});

test('no leader is left when all Leases stop, nor when they go on one after the other', async () => {
  const namespace = await startLeader('all-leases-stop');
  await staysSo(() => readLeader(namespace), 6 * RENEW_MS);
  for (const { name } of nodes) stopKubelet(name);
  expect(await staysSo(() => readLeader(namespace), SILENT_WITHIN_MS)).toBe('web-0');
  for (const { name } of nodes.toReversed()) {
    startKubelet(name);
    expect(await staysSo(() => readLeader(namespace), 2_000)).toBe('web-0');
  }
});

test('a leader leaves a cordoned node where that is asked for, and no other one goes there', async () => {
  const namespace = await startLeader('cordon', { 'on-cordon': 'move' });
  const { kubectl } = controlPlane();
  try {
    await kubectl('cordon', 'node-a');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    expect(await readReason(namespace)).toBe('LeaderNodeCordoned');
  } finally {
    await kubectl('uncordon', 'node-a');
  }
});
