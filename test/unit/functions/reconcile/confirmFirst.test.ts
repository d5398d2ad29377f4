import { afterEach, beforeEach, expect, it } from 'vitest';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import type { ApiRequest } from '../../../support/servers/fakeApi.ts';
import { type Harness, signal, startHarness } from '../../../support/servers/functionsHarness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
  putPod(harness.fake, 'db-1');
});
afterEach(() => harness.fake.close());

/** Without the queries: `GET endpointslices`. */
const calls = (): readonly string[] =>
  harness.fake.requests.map(({ method, path }) => `${method} ${path.replace(/^.*\/namespaces\/shop\//, '')}`);
const hasReadPods = (): boolean => calls().includes('GET pods');
const hints = (): Promise<number> => harness.count('hints_total', { reason: 'unfenced' });

/** Runs `change` once, when the empty slice is about to be made. */
function beforeSlice(change: () => unknown): void {
  let isFirst = true;
  harness.fake.before = async ({ method, path }: ApiRequest) => {
    if (method !== 'POST' || !path.endsWith('/endpointslices') || !isFirst) return undefined;
    isFirst = false;
    await change();
    return undefined;
  };
}

it('opts a Service in with three writes on its route and two small requests, and reads no pod', async () => {
  const reply = await harness.reconcile();
  expect(calls().slice(0, 2)).toEqual(['POST services', 'POST endpointslices']);
  expect(calls().slice(2, 4).toSorted()).toEqual(['GET endpointslices', 'GET services/db']);
  expect(calls().slice(4)).toEqual(['PATCH endpointslices/db-leader-ipv4']);
  expect(reply.data).toMatchObject({ reason: 'FirstLeader', basis: 'event', leader: { name: 'db-0' } });
  expect(await hints()).toBe(0);
});

it('announces the first leader with two Events and one record, and then makes no call any more', async () => {
  await harness.reconcile();
  await harness.reconcile();
  expect(calls()).toEqual(['POST events', 'POST events', 'PATCH services/db-leader']);
  const reply = await harness.reconcile();
  expect(calls()).toEqual([]);
  expect(reply.data).toMatchObject({ decision: 'kept', basis: 'event' });
});

it('reads the state where the Service has changed since the snapshot, and routes as it says now', async () => {
  const event = await harness.event();
  beforeSlice(() => putService(harness.fake, { 'zen-lead.io/pin-leader': 'db-1' }));
  const reply = await harness.reconciler.reconcile(event, true, signal);
  expect(reply.data).toMatchObject({ basis: 'read', leader: { name: 'db-1' } });
  expect(routedPod(harness.fake)).toBe('db-1');
  expect(await hints()).toBe(1);
});

it('leaves the slice empty where the Service has opted out since the snapshot', async () => {
  const event = await harness.event();
  beforeSlice(() => putService(harness.fake, { 'zen-lead.io/enabled': 'false' }));
  const reply = await harness.reconciler.reconcile(event, true, signal);
  expect(reply.data).toMatchObject({ decision: 'lost', reason: 'OptedOut', basis: 'read' });
  expect(calls()).not.toContain('PATCH endpointslices/db-leader-ipv4');
});

it('reads the state where the Service has gone since the snapshot', async () => {
  const event = await harness.event();
  beforeSlice(() => harness.fake.remove('services', 'db'));
  const reply = await harness.reconciler.reconcile(event, true, signal);
  expect(reply.data).toMatchObject({ reason: 'SourceGone', basis: 'read' });
});

it('reads the state where another slice of the Service stands, which the snapshot does not show', async () => {
  const old = await harness.event();
  putService(harness.fake, { 'zen-lead.io/leader-service-name': 'main' });
  await harness.settle();
  const { revisions } = await harness.snapshot();
  putService(harness.fake);
  harness.fake.requests.length = 0;
  if (old.data.kind !== 'readable' || old.data.value.snapshot === undefined) throw new Error('a snapshot expected');
  // The source is as it is now, and the slices are those of a view that is behind.
  const source = (await harness.snapshot()).source;
  const snapshot = { ...old.data.value.snapshot, source, revisions };
  const reply = await harness.reconcile({}, { snapshot });
  expect(reply.data).toMatchObject({ basis: 'read', leader: { name: 'db-0' } });
  expect(hasReadPods()).toBe(true);
});

it('reads the state where a leader Service stands already, because its slice was removed by hand', async () => {
  await harness.settle();
  harness.fake.remove('endpointslices', 'db-leader-ipv4');
  const reply = await harness.reconcile();
  expect(reply.data).toMatchObject({ basis: 'read', leader: { name: 'db-0' } });
  expect(hasReadPods()).toBe(true);
});

it('makes slices once for a Service that is gone, however often a view that is behind shows it', async () => {
  const old = await harness.event();
  if (old.data.kind !== 'readable' || old.data.value.snapshot === undefined) throw new Error('a snapshot expected');
  const { snapshot } = old.data.value;
  harness.fake.remove('services', 'db');
  let carry: string | undefined;
  const made: number[] = [];
  for (let event = 0; event < 4; event++) {
    const reply = await harness.reconcile({}, { snapshot, ...(carry !== undefined && { carry }) });
    expect(reply.data).toMatchObject({ reason: 'SourceGone', basis: 'read' });
    carry = reply.data.carry;
    made.push(calls().filter((call) => call.startsWith('POST')).length);
    // As the garbage collector does.
    harness.fake.remove('services', 'db-leader');
    harness.fake.remove('endpointslices', 'db-leader-ipv4');
  }
  expect(made).toEqual([2, 0, 0, 0]);
});

it('makes slices for the next version of a Service that had opted out since the last one', async () => {
  const event = await harness.event();
  beforeSlice(() => putService(harness.fake, { 'zen-lead.io/enabled': 'false' }));
  const { carry } = (await harness.reconciler.reconcile(event, true, signal)).data;
  await harness.settle();
  putService(harness.fake);
  const reply = await harness.reconcile({}, carry === undefined ? {} : { carry });
  expect(carry).toBeDefined();
  expect(reply.data).toMatchObject({ basis: 'event', leader: { name: 'db-0' } });
});
