import { afterEach, describe, expect, it } from 'vitest';
import { parseScaleRecord } from '../../../../lib/selection/scaleRecord.ts';
import type { GoneSource } from '../../../../lib/selection/snapshot.ts';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import { failure } from '../../../support/servers/fakeApi.ts';
import { type Harness, type HarnessOptions, startHarness } from '../../../support/servers/functionsHarness.ts';

let harness: Harness;
const SCALE = 'statefulsets/db/scale';
const NOW = { 'zen-lead.io/scale-down': '0', 'zen-lead.io/scale-down-after': '0s' };

/** A StatefulSet of two Ready pods, and its Service. */
async function start(annotations: Record<string, string> = NOW, options: HarnessOptions = { scaleDown: true }) {
  harness = await startHarness(options);
  const { fake } = harness;
  const { uid } = fake.put('statefulsets', {
    metadata: { name: 'db', generation: 1 },
    spec: { replicas: 2, selector: { matchLabels: { app: 'db' } }, template: { metadata: { labels: { app: 'db' } } } },
    status: { replicas: 2, observedGeneration: 1 },
  }).metadata;
  for (const name of ['db-0', 'db-1']) {
    const pod = putPod(fake, name);
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid, controller: true };
    fake.put('pods', { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } });
  }
  putService(fake, annotations);
  fake.before = ({ method, path, body }) => {
    if (method !== 'PATCH' || !path.endsWith('/scale')) return undefined;
    const found = fake.find('statefulsets', 'db');
    const { metadata, spec } = body as {
      metadata: { uid: string; resourceVersion: string };
      spec: { replicas: number };
    };
    if (found?.metadata.resourceVersion !== metadata.resourceVersion) return failure(409, 'Conflict');
    const { replicas } = spec;
    fake.put('statefulsets', { ...found, spec: { ...(found['spec'] as object), replicas }, status: { replicas } });
    return { status: 200, body: { kind: 'Scale' } };
  };
}
const replicas = () => {
  const { replicas: count } = (harness.fake.find('statefulsets', 'db')?.['spec'] ?? {}) as { replicas?: number };
  return count;
};
const annotationsOf = (plural: string, name: string) =>
  (harness.fake.find(plural, name)?.metadata['annotations'] ?? {}) as Record<string, string>;
const recorded = () => parseScaleRecord(annotationsOf('endpointslices', 'db-leader-ipv4')['zen-lead.io/scale-state']);
const restore = () => annotationsOf('services', 'db-leader')['zen-lead.io/scale-restore'];
const readsOf = (part: string) => harness.fake.requests.filter(({ path }) => path.includes(part)).length;

async function comeDown(): Promise<void> {
  for (let n = 0; n < 12 && replicas() !== 1; n += 1) await harness.reconcile();
  expect(replicas()).toBe(1);
}
afterEach(() => harness.fake.close());

describe('a Service that asks for scale-down', () => {
  it('is scaled one step a reconcile: the record, then what there was, then the scale', async () => {
    await start();
    const steps = new Set<string>();
    for (let n = 0; n < 12 && replicas() !== 1; n += 1) {
      await harness.reconcile();
      steps.add([recorded()?.phase, restore(), replicas()].join(' '));
    }
    expect([...steps]).toEqual(['  2', 'down  2', 'down 2 2', 'down 2 1']);
    expect(harness.fake.all('events').map(({ reason }) => reason)).toContain('ScaledDown');
    expect(await harness.count('scales_total', { service: 'db', direction: 'down' })).toBe(1);
  });

  it('reads nothing more before the leader has led for long enough, and says when that is', async () => {
    await start({ ...NOW, 'zen-lead.io/scale-down-after': '10m' });
    await harness.settle();
    const { data } = await harness.reconcile();
    expect(data.recheckAfterMs).toBeLessThanOrEqual(600_000);
    expect(data.recheckAfterMs).toBeGreaterThan(500_000);
    expect(readsOf('/apis/apps/') + readsOf('autoscaling')).toBe(0);
  });

  it('is restored in the reconcile that loses the leader, after the route', async () => {
    await start();
    await harness.settle();
    await comeDown();
    putPod(harness.fake, 'db-0', { ready: false });
    await harness.reconcile();
    expect(routedPod(harness.fake)).toBe('db-1');
    expect(replicas()).toBe(2);
    const writes = harness.fake.writes();
    expect(writes[0]).toBe('PATCH endpointslices/db-leader-ipv4');
    expect(writes).toContain(`PATCH ${SCALE}`);
    expect([recorded()?.phase, restore()]).toEqual(['restore', '2']);
  });

  it('is not scaled from a slice that has changed since it was read', async () => {
    await start();
    for (let n = 0; n < 12 && restore() === undefined; n += 1) await harness.reconcile();
    expect(replicas()).toBe(2);
    const event = await harness.event();
    const slice = harness.fake.find('endpointslices', 'db-leader-ipv4');
    harness.fake.put('endpointslices', { ...slice });
    await harness.reconciler.reconcile(event, true, new AbortController().signal);
    expect(replicas()).toBe(2);
  });

  it('is not scaled by a function that was suspended between its last look at the slice and the write', async () => {
    await start();
    for (let n = 0; n < 12 && restore() === undefined; n += 1) await harness.reconcile();
    const event = await harness.event();
    const { before } = harness.fake;
    harness.fake.before = (request) => {
      if (request.method === 'GET' && request.path.includes('endpointslices/')) harness.clock.now += 30_000;
      return before?.(request);
    };
    await harness.reconciler.reconcile(event, true, new AbortController().signal);
    expect(harness.fake.writes()).not.toContain(`PATCH ${SCALE}`);
    expect([replicas(), restore()]).toEqual([2, '2']);
  });

  it('says which right is missing, once, and does nothing', async () => {
    await start();
    harness.fake.before = ({ path }) =>
      path.includes('statefulsets') ? failure(403, 'Forbidden', 'cannot get resource "statefulsets"') : undefined;
    for (let n = 0; n < 8; n += 1) await harness.reconcile();
    expect(recorded()).toMatchObject({ phase: 'refused', reason: 'Forbidden' });
    const refusals = harness.fake.all('events').filter(({ reason }) => reason === 'ScaleDownRefused');
    expect(refusals).toMatchObject([{ note: expect.stringContaining('cannot get resource "statefulsets"') }]);
  });

  it('says that scale-down is off here, without a read', async () => {
    await start(NOW, {});
    for (let n = 0; n < 4; n += 1) await harness.reconcile();
    expect(recorded()).toMatchObject({ phase: 'refused', reason: 'NotEnabled' });
    expect(readsOf('/apis/apps/')).toBe(0);
  });

  it('is restored when it is deleted', async () => {
    await start();
    await harness.settle();
    await comeDown();
    const { services, slices, source } = await harness.snapshot();
    if (source === null) throw new Error('no source');
    const gone: GoneSource = { uid: source.uid, services, slices };
    harness.fake.remove('services', 'db');
    await harness.reconcile({ type: 'io.zen-lead.service.deleted' }, { gone });
    expect(replicas()).toBe(2);
  });
});

it('a Service without scale-down costs no read and no write more', async () => {
  await start({});
  await harness.settle();
  await harness.reconcile();
  expect(harness.fake.writes()).toEqual([]);
  expect(readsOf('/apis/apps/') + readsOf('autoscaling') + readsOf('keda')).toBe(0);
  expect(harness.fake.requests).toEqual([]);
});
