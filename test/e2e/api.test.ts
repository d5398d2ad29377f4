/**
 * Tests the api role on a real kube-apiserver: tokens, rights, and locks. docs/reference/api.md
 */

import { expect, test } from 'vitest';
import { z } from 'zod';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { type Api, anApi } from '../support/programs/anApi.ts';

const controlPlane = useControlPlane();

const grantSchema = z.object({ token: z.int(), grantId: z.string(), validForMs: z.int() });
const statusSchema = z.object({ status: z.object({ token: z.string() }) });

async function aReadyApi(): Promise<Api> {
  const api = await anApi(controlPlane().kubeconfig);
  await expect.poll(async () => (await api.ask('/readyz')).status, { message: 'the api is ready' }).toBe(200);
  return api;
}

/** A service account with these rules, and a token for that audience. */
async function aToken(namespace: Namespace, name: string, rules: object[], audience = 'zen-lead-api') {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace.name}`;
  await namespace.request('POST', namespace.core('serviceaccounts'), { metadata: { name } });
  await namespace.request('POST', `${rbac}/roles`, { metadata: { name }, rules });
  await namespace.request('POST', `${rbac}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: namespace.name }],
  });
  return tokenOf(namespace, name, audience);
}

async function tokenOf(namespace: Namespace, name: string, audience: string): Promise<Record<string, string>> {
  const path = `${namespace.core('serviceaccounts')}/${name}/token`;
  const answer = await namespace.request('POST', path, { spec: { audiences: [audience] } });
  return { authorization: `Bearer ${statusSchema.parse(answer).status.token}` };
}

test('a token counts with our audience, and its user may what a Role says, by name', async () => {
  const api = await aReadyApi();
  const namespace = await createNamespace(controlPlane(), 'tokens');
  const rules = [
    { apiGroups: ['zen-lead.io'], resources: ['locks'], resourceNames: ['reports'], verbs: ['acquire', 'release'] },
  ];
  const headers = await aToken(namespace, 'worker', rules);
  const foreign = await tokenOf(namespace, 'worker', 'https://kubernetes.default.svc.cluster.local');
  const acquire = (lock: string, init: RequestInit) =>
    api.post(
      `/v1/namespaces/${namespace.name}/locks/${lock}/acquire`,
      { requestId: 'r-1', holder: 'worker', ttlSeconds: 60 },
      init,
    );
  expect(await acquire('reports', {})).toMatchObject({ status: 401 });
  expect(await acquire('reports', { headers: foreign })).toMatchObject({ status: 401 });
  expect(await acquire('others', { headers })).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  const { status, body } = await acquire('reports', { headers });
  expect(status).toBe(200);
  const { grantId, token } = grantSchema.parse(body);
  const at = `/v1/namespaces/${namespace.name}/locks/reports`;
  expect(await api.post(`${at}/renew`, { grantId, token }, { headers })).toMatchObject({ status: 403 });
  expect(await api.ask('/v1/leaders', { headers })).toMatchObject({ status: 403 });
  expect(await api.post(`${at}/release`, { grantId, token }, { headers })).toMatchObject({ status: 204 });
  const lease = await namespace.kubectl('get', 'lease', 'zenlock-reports', '-o', 'jsonpath={.spec.holderIdentity}');
  expect(lease).toBe('');
});

test('a right that is granted later counts within seconds', async () => {
  const api = await aReadyApi();
  const namespace = await createNamespace(controlPlane(), 'later');
  const headers = await aToken(namespace, 'reader', []);
  const ask = async () => (await api.ask(`/v1/leader/pool/web.${namespace.name}`, { headers })).status;
  expect(await ask()).toBe(403);
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace.name}/roles/reader`;
  await namespace.request('PATCH', path, {
    rules: [{ apiGroups: ['zen-lead.io'], resources: ['leaders'], verbs: ['get'] }],
  });
  await expect.poll(ask, { message: 'the right counts; there is no such Service' }).toBe(404);
});

test('a lock goes on with greater tokens across a restart of the API server and a restored etcd', async () => {
  const api = await aReadyApi();
  const namespace = await createNamespace(controlPlane(), 'restored');
  const rules = [{ apiGroups: ['zen-lead.io'], resources: ['locks'], verbs: ['*'] }];
  const headers = await aToken(namespace, 'worker', rules);
  const at = `/v1/namespaces/${namespace.name}/locks/reports`;
  const take = async (requestId: string) =>
    api.post(`${at}/acquire`, { requestId, holder: requestId, waitSeconds: 60 }, { headers });
  const granted = async (requestId: string) => grantSchema.parse((await take(requestId)).body);
  const release = (grant: z.infer<typeof grantSchema>) =>
    api.post(`${at}/release`, { grantId: grant.grantId, token: grant.token }, { headers });

  await release(await granted('first'));
  const restore = await controlPlane().backUpEtcd();
  const second = await granted('second');
  await release(second);
  const third = await granted('third');
  expect(third.token).toBe(second.token + 1);
  await restore();
  await expect.poll(async () => (await api.ask('/readyz')).status, { message: 'ready again' }).toBe(200);
  let after: z.infer<typeof grantSchema> | undefined;
  await expect
    .poll(async () => {
      const { status, body } = await take('fourth');
      if (status === 200) after = grantSchema.parse(body);
      return status;
    })
    .toBe(200);
  expect(after?.token).toBeGreaterThan(third.token);

  const waiting = take('fifth');
  await controlPlane().stopApiServer('SIGKILL');
  await controlPlane().startApiServer();
  if (after !== undefined) {
    const held = after;
    await expect.poll(async () => (await release(held)).status, { message: 'released' }).not.toBe(503);
  }
  expect(await waiting).toMatchObject({ status: 200 });
});
