import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApi } from '../../../apiserver/createApi.ts';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';
import { StatusError } from '../../../apiserver/statusError.ts';

const aService = (name: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, labels: { app: 'db' }, ...metadata },
  spec: { ports: [{ port: 5432 }] },
});
const ref = { resource: 'services', namespace: 'default', name: 'db' };

describe('objects in process', () => {
  let server: EmbeddedApiServer;
  beforeEach(async () => {
    server = await startApiServer({ now: () => Date.UTC(2026, 0, 1) });
  });
  afterEach(() => server.close());

  it('applies the same defaults and checks as over HTTP', () => {
    expect(server.objects.create(aService('db'))).toMatchObject({
      metadata: { namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { clusterIP: '10.96.0.2' },
    });
    expect(() => server.objects.create(aService('db'))).toThrow('services "db" already exists');
    expect(() => server.objects.create(aService('1db'))).toThrow(/a DNS-1035 label must/);
  });

  it('throws the Status that HTTP would have answered, with one of our codes', () => {
    let thrown: unknown;
    try {
      server.objects.patch(ref, {});
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(StatusError);
    expect(thrown).toMatchObject({ code: 'KUBE_NOT_FOUND', body: { kind: 'Status', code: 404 } });
  });

  it('neither keeps what it is handed nor hands out what can be changed', () => {
    const given = aService('db');
    const made = server.objects.create(given);
    Object.assign(given.metadata.labels, { app: 'changed' });
    expect(server.objects.read(ref)).toMatchObject({ metadata: { labels: { app: 'db' } } });
    expect(() => Object.assign(made.metadata, { name: 'changed' })).toThrow(TypeError);
    expect(() => Object.assign(Object(made['spec']), { type: 'NodePort' })).toThrow(TypeError);
  });

  it('calls listeners with each change before the write returns', () => {
    const seen: string[] = [];
    const stop = server.objects.subscribe('services', ({ type, entry }) => seen.push(`${type} ${entry.key}`));
    server.objects.create(aService('db'));
    server.objects.patch(ref, { metadata: { labels: { app: 'x' } } });
    server.objects.patch(ref, { metadata: { labels: { app: 'x' } } });
    server.objects.delete(ref);
    stop();
    server.objects.create(aService('db'));
    expect(seen).toEqual(['ADDED default/db', 'MODIFIED default/db', 'DELETED default/db']);
  });

  it('writes a status apart from the rest', () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    };
    server.objects.create(pod);
    const podRef = { resource: 'pods', namespace: 'default', name: 'p' };
    server.objects.patchStatus(podRef, { status: { phase: 'Running' }, spec: { nodeName: 'no' } });
    const stored = server.objects.read(podRef);
    expect(stored).toMatchObject({ status: { phase: 'Running' } });
    expect(stored).not.toHaveProperty('spec.nodeName');
  });

  it('collects garbage on request, and not before', () => {
    const waiting: (() => void)[] = [];
    let uid = 0;
    const { objects, close } = createApi({ schedule: (run) => waiting.push(run), newUid: () => `uid-${++uid}` });
    const owner = objects.create(aService('db'));
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Service', name: 'db', uid: owner.metadata.uid }];
    objects.create(aService('db-leader', { ownerReferences }));
    objects.delete(ref);
    const names = () => objects.list('services').map(({ metadata }) => metadata.name);
    expect(names()).toEqual(['db-leader']);
    for (const run of waiting) run();
    expect(names()).toEqual([]);
    expect(owner.metadata.uid).toMatch(/^uid-\d+$/);
    close();
  });

  it('keeps no more history than it was asked to', async () => {
    await server.close();
    server = await startApiServer({ historyLimit: 10 });
    server.objects.create(aService('db'));
    const old = server.revision();
    for (let index = 0; index < 30; index += 1) server.objects.patch(ref, { metadata: { labels: { n: `${index}` } } });
    const answer = await fetch(`${server.url}/api/v1/services?watch=1&resourceVersion=${old}`);
    expect(JSON.parse(await answer.text())).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  });
});
