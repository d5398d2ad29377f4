import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDemotion, SEND_WITHIN_MS } from '../../../../lib/selection/demotion.ts';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import { failure } from '../../../support/servers/fakeApi.ts';
import { type Harness, startHarness } from '../../../support/servers/functionsHarness.ts';

let harness: Harness;
const SLICE = 'endpointslices/db-leader-ipv4';

async function start(mode: string): Promise<void> {
  harness = await startHarness();
  putService(harness.fake, { 'zen-lead.io/on-demote': mode });
  for (const name of ['db-0', 'db-1']) putPod(harness.fake, name);
  await harness.settle();
  putPod(harness.fake, 'db-0', { ready: false });
}
const recorded = () => {
  const annotations = harness.fake.find('endpointslices', 'db-leader-ipv4')?.metadata['annotations'] ?? {};
  return parseDemotion((annotations as Record<string, string>)['zen-lead.io/demotion']);
};
const notes = () => harness.fake.all('events').map(({ reason, note }) => `${reason}: ${note}`);
/** Answers an eviction, and lets everything else through. */
const onEviction = (answer: () => { status: number; body: object } | undefined) => {
  harness.fake.before = ({ path }) => (path.endsWith('/eviction') ? answer() : undefined);
};

beforeEach(() => start('evict'));
afterEach(() => harness.fake.close());

describe('the pod that was left', () => {
  it('is evicted after the route is written, with its uid, and that is recorded', async () => {
    const uid = harness.fake.find('pods', 'db-0')?.metadata.uid;
    onEviction(() => {
      expect(routedPod(harness.fake)).toBe('db-1');
      return { status: 201, body: { kind: 'Status', status: 'Success' } };
    });
    await harness.reconcile();
    expect(harness.fake.writes()).toEqual([
      `PATCH ${SLICE}`,
      'POST pods/db-0/eviction',
      `PATCH ${SLICE}`,
      'POST events',
    ]);
    expect(harness.fake.requests.find(({ path }) => path.endsWith('/eviction'))?.body).toMatchObject({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'db-0' },
      deleteOptions: { preconditions: { uid } },
    });
    expect(recorded()).toMatchObject({ pod: 'db-0', state: 'done' });
    expect(notes()).toContainEqual(expect.stringMatching(/^LeaderDemoted: Evicted pod "db-0", which was left/));
    expect(await harness.count('demotions_total', { service: 'db', outcome: 'evicted' })).toBe(1);
  });

  it('is deleted where the annotation says so, with its own grace', async () => {
    await start('delete');
    const uid = harness.fake.find('pods', 'db-0')?.metadata.uid;
    await harness.reconcile();
    const [request] = harness.fake.requests.filter(({ method }) => method === 'DELETE');
    expect(request?.path).toMatch(/pods\/db-0$/);
    expect(request?.body).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Background',
      preconditions: { uid },
    });
    expect(harness.fake.find('pods', 'db-0')).toBeUndefined();
  });

  it('is ended once an epoch: later reconciles send nothing', async () => {
    onEviction(() => ({ status: 201, body: { kind: 'Status', status: 'Success' } }));
    await harness.reconcile();
    await harness.settle();
    harness.clock.now += 30_000;
    await harness.reconcile();
    expect(harness.fake.writes()).toEqual([]);
  });

  it.each([
    ['a PodDisruptionBudget', () => failure(429, 'TooManyRequests', 'it would violate the budget', 'DisruptionBudget')],
    ['missing rights', () => failure(403, 'Forbidden', 'cannot create resource "pods/eviction"')],
  ])('stays where Kubernetes refuses: %s', async (_, answer) => {
    onEviction(answer);
    await harness.reconcile();
    expect(recorded()).toMatchObject({ state: 'refused', why: expect.stringContaining('evict pods shop/db-0: 4') });
    await harness.reconcile();
    expect(notes()).toContainEqual(expect.stringMatching(/^DemotionRefused: Pod "db-0", which was left, stays: evict/));
    expect(await harness.count('demotions_total', { outcome: 'refused' })).toBe(1);
  });

  it.each([
    ['it is gone', () => failure(404, 'NotFound')],
    ['another pod has its name', () => failure(409, 'Conflict')],
  ])('needs nothing where %s', async (_, answer) => {
    onEviction(answer);
    await harness.reconcile();
    expect(recorded()).toMatchObject({ state: 'done' });
    expect(notes().filter((note) => note.startsWith('LeaderDemoted'))).toEqual([]);
  });

  it('is claimed again later where the API server does not answer', async () => {
    onEviction(() => failure(503, 'ServiceUnavailable'));
    const reply = await harness.reconcile();
    expect(reply.data).toMatchObject({ reason: 'LeaderNotReady', leader: { name: 'db-1' } });
    expect(recorded()).toMatchObject({ state: 'pending', tries: 1 });
    onEviction(() => ({ status: 201, body: { kind: 'Status', status: 'Success' } }));
    await harness.settle();
    expect(recorded()).toMatchObject({ state: 'pending', tries: 1 });
    harness.clock.now += 20_000;
    await harness.reconcile();
    expect(recorded()).toMatchObject({ state: 'done', tries: 2 });
  });

  it('is not ended by a function that comes too late', async () => {
    harness.fake.before = ({ method, path }) => {
      if (method === 'PATCH' && path.includes('endpointslices')) harness.clock.now += SEND_WITHIN_MS;
      return undefined;
    };
    await harness.reconcile();
    expect(routedPod(harness.fake)).toBe('db-1');
    expect(harness.fake.writes()).toEqual([`PATCH ${SLICE}`]);
    expect(recorded()).toMatchObject({ state: 'pending' });
  });
});
