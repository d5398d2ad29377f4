/**
 * Tests the kind ManualLock and its function on a real kube-apiserver, as people use it: kubectl
 * apply, wait, get and delete. docs/reference/manual-locks.md
 */

import { beforeAll, expect, test } from 'vitest';
import { createNamespace } from '../support/controlPlane/createNamespace.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aManualLock, claimsPath, crdsPath, manualLockCrd } from '../support/objects/manualLockCrd.ts';
import { anApi } from '../support/programs/anApi.ts';

const controlPlane = useControlPlane();

beforeAll(async () => {
  const { request, kubectl } = controlPlane();
  const crd = manualLockCrd();
  await request('POST', crdsPath, crd);
  await kubectl('wait', `crd/${crd.metadata.name}`, '--for=condition=Established', '--timeout=60s');
});

test('kubectl waits for a claim, reads its token, and gives the lock back', async () => {
  const namespace = await createNamespace(controlPlane(), 'claims');
  await anApi(controlPlane().kubeconfig, '--api-auth', 'none', '--manual-locks');
  await namespace.apply(aManualLock('first'));
  const wait = (name: string) =>
    namespace.kubectl('wait', `manuallock/${name}`, '--for=jsonpath={.status.phase}=Held', '--timeout=60s');
  const tokenOf = async (name: string) =>
    Number(await namespace.kubectl('get', `manuallock/${name}`, '-o', 'jsonpath={.status.fencingToken}'));
  await wait('first');
  const token = await tokenOf('first');
  expect(token).toBeGreaterThan(1_700_000_000_000);
  await namespace.apply(aManualLock('second'));
  await expect
    .poll(() => namespace.kubectl('get', 'mlock', '--no-headers'), { message: 'the columns say who waits' })
    .toMatch(/second +reports +Pending +1 /);
  await namespace.kubectl('delete', 'manuallock/first');
  await wait('second');
  expect(await tokenOf('second')).toBe(token + 1);
  await namespace.kubectl('wait', 'manuallock/second', '--for=condition=Held', '--timeout=10s');
}, 120_000);

test('the lock is given back when the owner of its claim is deleted', async () => {
  const namespace = await createNamespace(controlPlane(), 'owned');
  await anApi(controlPlane().kubeconfig, '--api-auth', 'none', '--manual-locks');
  const owner = (await namespace.request('POST', namespace.core('configmaps'), { metadata: { name: 'work' } })) as {
    metadata: { uid: string };
  };
  const { uid } = owner.metadata;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'work', uid }];
  const claims = claimsPath(namespace.name);
  await namespace.request('POST', claims, aManualLock('first', {}, { ownerReferences }));
  await namespace.request('POST', claims, aManualLock('second'));
  const phase = (name: string) => namespace.kubectl('get', `manuallock/${name}`, '-o', 'jsonpath={.status.phase}');
  await expect.poll(() => phase('first')).toBe('Held');
  await expect.poll(() => phase('second')).toBe('Pending');
  await namespace.kubectl('delete', 'configmap/work');
  await expect.poll(() => phase('second'), { timeout: 60_000 }).toBe('Held');
}, 180_000);

test.each([
  ['no lock', { lock: undefined }, 'spec.lock'],
  ['a time-to-live below the least', { ttlSeconds: 4 }, 'spec.ttlSeconds'],
  ['a name that no Lease can have', { lock: 'Reports' }, 'spec.lock'],
  ['another way to renew', { renew: 'Never' }, 'spec.renew'],
])('the API server refuses %s by itself', async (_, spec, path) => {
  const { request } = controlPlane();
  const refused = await request('POST', claimsPath('default'), aManualLock('bad', spec)).catch(String);
  expect(refused).toContain(path);
});

test('the API server refuses a claim that changes', async () => {
  const { request } = controlPlane();
  await request('POST', claimsPath('default'), aManualLock('fixed', { lock: 'fixed' }));
  const refused = await request('PATCH', `${claimsPath('default')}/fixed`, { spec: { lock: 'other' } }).catch(String);
  expect(refused).toContain('a claim does not change');
});
