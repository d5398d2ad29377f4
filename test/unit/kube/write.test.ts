import { afterEach, describe, expect, it } from 'vitest';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { applyWrite } from '../../../lib/kube/write.ts';
import type { ResourceVersion, Uid } from '../../../lib/selection/snapshot.ts';
import type { Write } from '../../../lib/selection/write.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { type Answer, failure, inOrder, json, startScriptedServer } from '../../support/servers/scriptedServer.ts';

const uid = (text: string) => text as Uid;
const version = (text: string) => text as ResourceVersion;
const at = { stage: 'route', namespace: 'ns', name: 'db-leader' } as const;
const notFound = failure(404, 'NotFound', 'not found');
const signal = new AbortController().signal;

const aPatch = (uidText: string, versionText: string, patch?: Record<string, unknown>): Write => ({
  ...at,
  kind: 'patch',
  resource: 'services',
  uid: uid(uidText),
  resourceVersion: version(versionText),
  patch: patch ?? { metadata: { uid: uidText, resourceVersion: versionText } },
});
const aDelete: Write = {
  ...at,
  kind: 'delete',
  resource: 'endpointslices',
  uid: uid('u'),
  resourceVersion: version('5'),
};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function apply(write: Write, ...answers: readonly Answer[]) {
  const server = await startScriptedServer(inOrder(...answers));
  const api = createKubeApi(server.access, { metrics: createMetrics() });
  closers.push(
    () => api.close(),
    () => server.close(),
  );
  const error = await applyWrite(api, write, signal).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return {
    error,
    sent: server.requests.map(({ method, path, body }) => ({ method, path, body: body && JSON.parse(body) })),
  };
}

describe('applyWrite', () => {
  it('creates an object under its fixed name', async () => {
    const object = { metadata: { name: 'db-leader' } };
    const { error, sent } = await apply({ ...at, kind: 'create', resource: 'services', object }, json({}));
    expect(error).toBeNull();
    expect(sent).toEqual([{ method: 'POST', path: '/api/v1/namespaces/ns/services', body: object }]);
  });

  it('patches with the uid and the version that were decided on', async () => {
    const { error, sent } = await apply(aPatch('u', '7'), json({}));
    expect(error).toBeNull();
    expect(sent[0]?.body).toEqual({ metadata: { uid: 'u', resourceVersion: '7' } });
  });

  it.each<[string, Write]>([
    ['an empty version', aPatch('u', '')],
    ['version 0', aPatch('u', '0')],
    ['an empty uid', aPatch('', '7')],
    ['a body that does not carry them', aPatch('u', '7', { metadata: { labels: {} } })],
    ['a body with another version', aPatch('u', '7', { metadata: { uid: 'u', resourceVersion: '' } })],
    ['a delete of version 0', { ...aDelete, resourceVersion: version('0') } as Write],
  ])('refuses to send %s, because that would be written unconditionally', async (_what, write) => {
    const { error, sent } = await apply(write, json({}));
    expect(error).toMatchObject({ code: 'KUBE_INVALID', retry: 'never' });
    expect(sent).toEqual([]);
  });

  it('takes a 422 on metadata.uid for a conflict: another object holds the name now', async () => {
    const immutable = failure(422, 'Invalid', 'field is immutable', { causes: [{ field: 'metadata.uid' }] });
    expect((await apply(aPatch('u', '7'), immutable)).error).toMatchObject({ code: 'KUBE_CONFLICT', retry: 'now' });
  });

  it('takes a delete that finds nothing for done, and one that finds another uid for a conflict', async () => {
    expect((await apply(aDelete, notFound)).error).toBeNull();
    const otherUid = failure(409, 'Conflict', 'the UID in the precondition does not match');
    expect((await apply(aDelete, otherUid)).error).toMatchObject({ code: 'KUBE_CONFLICT' });
  });

  describe('of the Endpoints that the endpoints controller left behind', () => {
    const write: Write = { ...at, kind: 'deleteControllerEndpoints' };
    const anEndpoints = (labels: object) => json({ metadata: { uid: 'e-1', resourceVersion: '3', labels } });

    it('deletes exactly what it read', async () => {
      const made = anEndpoints({ 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' });
      const { error, sent } = await apply(write, made, json({}));
      expect(error).toBeNull();
      expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'GET /api/v1/namespaces/ns/endpoints/db-leader',
        'DELETE /api/v1/namespaces/ns/endpoints/db-leader',
      ]);
      expect(sent[1]?.body).toMatchObject({ preconditions: { uid: 'e-1', resourceVersion: '3' } });
    });

    it('leaves one alone that a user made', async () => {
      const { error, sent } = await apply(write, anEndpoints({ 'endpoints.kubernetes.io/managed-by': 'me' }));
      expect(error).toBeNull();
      expect(sent.map(({ method }) => method)).toEqual(['GET']);
    });

    it('applyWrite is done when the endpoints controller left no Endpoints behind', async () => {
      expect((await apply(write, notFound)).error).toBeNull();
    });
  });
});
