import nock from 'nock';
import { afterAll, describe, expect, it } from 'vitest';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { endpointSlices, events, type KubeApi, leases, pods, services } from '../../../lib/kube/kubeApi.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { interceptHttp } from '../../support/servers/interceptHttp.ts';

const server = 'http://kubernetes.example';
const signal = new AbortController().signal;
const api = createKubeApi(
  {
    server: `${server}/base/`,
    origin: 'test',
    readCredentials: async () => ({ headers: { authorization: 'Bearer t' }, tls: {} }),
  },
  { metrics: createMetrics(), userAgent: 'zen-lead/1' },
);
interceptHttp();
afterAll(() => api.close());

const object = { metadata: { name: 'db' } };
const preconditions = { uid: 'u', resourceVersion: '4' };

describe('a call', () => {
  it.each<[string, (api: KubeApi) => Promise<unknown>, string, string, string, object | undefined]>([
    ['get', () => api.get(services, 'ns', 'db', signal), 'GET', '/api/v1/namespaces/ns/services/db', '', undefined],
    [
      'get of another group',
      () => api.get(leases, 'ns', 'db', signal),
      'GET',
      '/apis/coordination.k8s.io/v1/namespaces/ns/leases/db',
      '',
      undefined,
    ],
    [
      'create',
      () => api.create(endpointSlices, 'ns', object, signal),
      'POST',
      '/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices',
      'application/json',
      object,
    ],
    [
      'merge patch',
      () => api.mergePatch(services, 'ns', 'db', { metadata: { uid: 'u' } }, signal),
      'PATCH',
      '/api/v1/namespaces/ns/services/db',
      'application/merge-patch+json',
      { metadata: { uid: 'u' } },
    ],
    [
      'delete, in the background and with both preconditions',
      () => api.delete(services, 'ns', 'db', preconditions, signal),
      'DELETE',
      '/api/v1/namespaces/ns/services/db',
      'application/json',
      { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', preconditions },
    ],
    ['path', () => api.getPath('/openid/v1/jwks', signal), 'GET', '/openid/v1/jwks', '', undefined],
  ])('sends its verb, path, headers and body: %s', async (what, call, method, path, contentType, body) => {
    const accept = what === 'path' ? 'application/json, */*' : 'application/json';
    const scope = nock(server, {
      reqheaders: {
        accept,
        authorization: 'Bearer t',
        'user-agent': 'zen-lead/1',
        ...(contentType === '' ? {} : { 'content-type': contentType }),
      },
      badheaders: contentType === '' ? ['content-type'] : [],
    });
    scope
      .intercept(`/base${path}`, method, body as nock.DataMatcherMap)
      .reply(200, { metadata: { resourceVersion: '8' } });
    const answer = await call(api);
    if (method !== 'DELETE') expect(answer).toEqual({ metadata: { resourceVersion: '8' } });
    expect(scope.isDone()).toBe(true);
  });

  it.each<[number, string, string, object, string, string]>([
    [401, 'Unauthorized', 'Unauthorized', {}, 'KUBE_UNAUTHORIZED', 'later'],
    [403, 'Forbidden', 'user x cannot patch', {}, 'KUBE_FORBIDDEN', 'later'],
    [404, 'NotFound', 'services "db" not found', {}, 'KUBE_NOT_FOUND', 'now'],
    [409, 'Conflict', 'the object has been modified', {}, 'KUBE_CONFLICT', 'now'],
    [409, 'AlreadyExists', 'exists', {}, 'KUBE_ALREADY_EXISTS', 'now'],
    [422, 'Invalid', 'field is immutable', { causes: [{ field: 'metadata.uid' }] }, 'KUBE_CONFLICT', 'now'],
    [422, 'Invalid', 'spec is wrong', { causes: [{ field: 'spec' }] }, 'KUBE_INVALID', 'never'],
    [500, 'InternalError', 'etcd is away', {}, 'KUBE_UNAVAILABLE', 'later'],
  ])(
    'that is answered %i %s rejects in the words of the server',
    async (status, reason, message, details, code, retry) => {
      const body = { kind: 'Status', status: 'Failure', code: status, reason, message, details };
      nock(server).patch('/base/api/v1/namespaces/ns/services/db').reply(status, body);
      await expect(api.mergePatch(services, 'ns', 'db', {}, signal)).rejects.toMatchObject({
        code,
        retry,
        message: `patch services ns/db: ${status} ${message}`,
      });
    },
  );

  it('a call that is refused for its rate rejects with the time to wait', async () => {
    nock(server)
      .post('/base/apis/events.k8s.io/v1/namespaces/ns/events')
      .reply(429, 'slow down', { 'retry-after': '3' });
    await expect(api.create(events, 'ns', object, signal)).rejects.toMatchObject({
      code: 'KUBE_TOO_MANY_REQUESTS',
      retryAfterMs: 3_000,
    });
  });

  it('a call that a proxy answers in HTML rejects with the status and the text', async () => {
    nock(server).get('/base/api/v1/namespaces/ns/services/db').reply(502, '<html>bad gateway</html>');
    await expect(api.get(services, 'ns', 'db', signal)).rejects.toMatchObject({
      code: 'KUBE_UNAVAILABLE',
      message: 'get services ns/db: 502 <html>bad gateway</html>',
    });
  });
});

describe('list', () => {
  const query = {
    limit: 500,
    resourceVersion: '5',
    resourceVersionMatch: 'NotOlderThan',
    labelSelector: 'a!=b',
  } as const;

  it('asks for a page at a version, and says how long the answer was', async () => {
    const page = { metadata: { resourceVersion: '9', continue: 'next' }, items: [{ a: 1 }] };
    nock(server)
      .get('/base/api/v1/namespaces/ns/pods')
      .query({ limit: '500', resourceVersion: '5', resourceVersionMatch: 'NotOlderThan', labelSelector: 'a!=b' })
      .reply(200, page);
    expect(await api.list(pods, 'ns', query, signal)).toEqual({
      resourceVersion: '9',
      continue: 'next',
      items: [{ a: 1 }],
      length: JSON.stringify(page).length,
    });
  });

  it('asks for the next page without a version, which the continue token holds', async () => {
    nock(server)
      .get('/base/api/v1/pods')
      .query({ continue: 'next', limit: '500', labelSelector: 'a!=b' })
      .reply(200, { metadata: { resourceVersion: '9' }, items: [] });
    const page = await api.list(pods, undefined, { ...query, continue: 'next' }, signal);
    expect(page).toMatchObject({ resourceVersion: '9', items: [] });
    expect(page.continue).toBeUndefined();
  });

  it('never asks for resourceVersion=0, which may be arbitrarily old', async () => {
    // A request would fail with KUBE_UNAVAILABLE: nothing answers it.
    await expect(api.list(pods, 'ns', { resourceVersion: '0' }, signal)).rejects.toMatchObject({
      code: 'KUBE_INVALID',
    });
  });

  it('asks for metadata only, with whole objects as the fallback', async () => {
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
    nock(server, { reqheaders: { accept } })
      .get('/base/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices')
      .query(true)
      .reply(200, { metadata: { resourceVersion: '1' }, items: null });
    expect((await api.list(endpointSlices, 'ns', { metadataOnly: true }, signal)).items).toEqual([]);
  });

  it('takes a page of something in front of the API server for no answer', async () => {
    nock(server).get('/base/api/v1/namespaces/ns/pods').query(true).reply(200, '<html>welcome</html>');
    await expect(api.list(pods, 'ns', {}, signal)).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE', retry: 'later' });
  });
});
