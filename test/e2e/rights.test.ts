/**
 * Tests that the rights in docs/trust.md#rights are enough. zen-lead reads pods, Services and
 * slices, and writes Services, slices and Events. It gets and deletes Endpoints for the one
 * exception, and takes its Lease. The rights are given in one namespace (Role) and in all of them
 * (ClusterRole).
 */

import { afterEach, expect, test } from 'vitest';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEventReasons, listEvents } from '../support/controlPlane/listEvents.ts';
import { listServiceNames, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { writeAccountKubeconfig } from '../support/controlPlane/writeAccountKubeconfig.ts';
import { aService } from '../support/objects/aService.ts';
import { startZenLead, type ZenLead } from '../support/programs/spawnZenLead.ts';

const controlPlane = useControlPlane();
let zenLead: ZenLead | undefined;

afterEach(async () => {
  await zenLead?.process.stop('SIGKILL');
});

const rules = [
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['services'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
  {
    apiGroups: ['discovery.k8s.io'],
    resources: ['endpointslices'],
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
  },
  { apiGroups: [''], resources: ['endpoints'], verbs: ['get', 'delete'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'patch'] },
];

test('a Role is enough for one namespace, and zen-lead leaves the others alone', async () => {
  const namespace = await createNamespace(controlPlane(), 'mine');
  const other = await createNamespace(controlPlane(), 'others');
  const kubeconfig = await grant(namespace, 'Role');
  zenLead = await startZenLead({ ...controlPlane(), kubeconfig }, 'zen-lead-role', '--namespace', namespace.name);
  await startPod(other, { name: 'web-0' });
  await other.apply(aService());
  await liveThrough(namespace);
  expect(await staysSo(() => listServiceNames(other))).toEqual(['web']);
});

test('a ClusterRole is enough for all namespaces', async () => {
  const namespace = await createNamespace(controlPlane(), 'all-of-them');
  const kubeconfig = await grant(namespace, 'ClusterRole');
  zenLead = await startZenLead({ ...controlPlane(), kubeconfig }, 'zen-lead-cluster-role');
  await liveThrough(namespace);
});

test('without the right, a leader that was left stays, and a Warning says why', async () => {
  const namespace = await createNamespace(controlPlane(), 'no-demotions');
  const kubeconfig = await grant(namespace, 'Role');
  const flags = ['--namespace', namespace.name];
  zenLead = await startZenLead({ ...controlPlane(), kubeconfig }, 'zen-lead-no-demotions', ...flags);
  const first = await startPod(namespace, { name: 'web-0' });
  await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService({ annotations: { 'on-demote': 'evict' } }));
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await first.setReady(false);
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  await expect.poll(() => listEventReasons(namespace)).toContain('Warning DemotionRefused');
  const refusal = (await listEvents(namespace)).find(({ reason }) => reason === 'DemotionRefused');
  expect(refusal?.note).toMatch(/web-0.* stays: .*cannot create resource "pods\/eviction"/);
  expect(await namespace.kubectl('get', 'pod', 'web-0')).not.toContain('Terminating');
});

/**
 * Does everything that needs a right: create, route, repair, clean up after Kubernetes, announce,
 * remove.
 */
async function liveThrough(namespace: Namespace): Promise<void> {
  const first = await startPod(namespace, { name: 'web-0' });
  await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService({ annotations: { followers: 'true' } }));
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await first.setReady(false);
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  await expect.poll(() => listEventReasons(namespace)).toContain('Normal LeaderElected');

  const selector = JSON.stringify({ spec: { selector: { app: 'web' } } });
  await namespace.kubectl('patch', 'service', 'web-leader', '--patch', selector);
  await expect.poll(async () => (await readService(namespace, 'web-leader'))?.spec.selector).toBeUndefined();
  await expect.poll(() => namespace.kubectl('get', 'endpoints', '-o', 'name')).not.toContain('web-leader');

  await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/enabled-');
  await expect.poll(() => listServiceNames(namespace)).toEqual(['web']);
}

/**
 * Creates a service account of that namespace with those rights and no others. Returns the path of
 * its kubeconfig.
 */
async function grant(namespace: Namespace, kind: 'Role' | 'ClusterRole'): Promise<string> {
  const account = { name: 'zen-lead', namespace: namespace.name };
  const rbac =
    kind === 'Role'
      ? `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace.name}`
      : '/apis/rbac.authorization.k8s.io/v1';
  const plural = kind === 'Role' ? 'roles' : 'clusterroles';
  await namespace.request('POST', namespace.core('serviceaccounts'), { metadata: { name: account.name } });
  await namespace.request('POST', `${rbac}/${plural}`, { metadata: { name: account.name }, rules });
  await namespace.request('POST', `${rbac}/${plural.replace('roles', 'rolebindings')}`, {
    metadata: { name: account.name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: account.name },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
  return writeAccountKubeconfig(controlPlane(), namespace, account.name);
}
