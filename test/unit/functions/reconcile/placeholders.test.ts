import { afterEach, beforeEach, expect, it } from 'vitest';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import { failure } from '../../../support/servers/fakeApi.ts';
import { type Harness, signal, startHarness } from '../../../support/servers/functionsHarness.ts';

const LEADER_SLICE = 'db-leader-ipv4';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
});
afterEach(() => harness.fake.close());

const isCreate = ({ method, path }: { method: string; path: string }): boolean => method === 'POST' && path === SLICES;
const epochOf = (): number => {
  const annotations = harness.fake.find('endpointslices', LEADER_SLICE)?.metadata['annotations'] as
    | Record<string, string>
    | undefined;
  return Number(annotations?.['zen-lead.io/epoch']);
};

it('makes a slice with nothing in it, and fills it', async () => {
  const reply = await harness.reconcile();
  expect(harness.fake.writes()).toEqual([
    'POST services',
    'POST endpointslices',
    `PATCH endpointslices/${LEADER_SLICE}`,
  ]);
  const { requests } = harness.fake;
  const at = requests.findIndex(isCreate);
  expect(requests[at]?.body).toMatchObject({ metadata: { name: LEADER_SLICE }, endpoints: [], ports: [] });
  expect(requests[at]?.body).toHaveProperty('metadata.annotations', {});
  expect(routedPod(harness.fake)).toBe('db-0');
  expect(reply.data).toMatchObject({ reason: 'FirstLeader', basis: 'event', leader: { name: 'db-0' } });
});

it('gives a slice that came late an epoch of the moment when it is there: between deciding and creating it may have been made, filled and removed', async () => {
  const event = await harness.event();
  const othersEpoch = harness.clock.now + 4_000;
  harness.fake.before = (request) => {
    if (isCreate(request)) harness.clock.now += 5_000;
    return undefined;
  };
  await harness.reconciler.reconcile(event, true, signal);
  expect(epochOf()).toBeGreaterThan(othersEpoch);
});

it('puts no record into a slice that was filled by another function meanwhile', async () => {
  const event = await harness.event();
  const other = await harness.event();
  let isOurs = true;
  harness.fake.before = async ({ method, path }) => {
    if (method !== 'PATCH' || !path.startsWith(SLICES) || !isOurs) return undefined;
    isOurs = false;
    harness.clock.now += 1_000;
    await harness.reconciler.reconcile(other, true, signal);
    return undefined;
  };
  const theirs = harness.clock.now + 1_000;
  await harness.reconciler.reconcile(event, true, signal);
  expect(epochOf()).toBe(theirs);
  // The other one met the Service that was there already, and we met the patch of the other one.
  expect(await harness.count('retry_attempts_total', { attempt: '1' })).toBe(2);
});

it('removes what stands in the place first', async () => {
  await harness.settle();
  const slice = harness.fake.find('endpointslices', LEADER_SLICE);
  harness.fake.put('endpointslices', { ...slice, addressType: 'FQDN', endpoints: [] });
  await harness.reconcile();
  expect(harness.fake.writes()).toEqual([
    `DELETE endpointslices/${LEADER_SLICE}`,
    'POST endpointslices',
    `PATCH endpointslices/${LEADER_SLICE}`,
  ]);
  expect(routedPod(harness.fake)).toBe('db-0');
});

it('gives up where another client removes each placeholder', async () => {
  const event = await harness.event();
  harness.fake.before = ({ method, path }) => {
    if (method === 'PATCH' && path.startsWith(SLICES)) harness.fake.remove('endpointslices', LEADER_SLICE);
    return undefined;
  };
  await expect(harness.reconciler.reconcile(event, true, signal)).rejects.toMatchObject({
    code: 'KUBE_NOT_FOUND',
    message: expect.stringContaining(`shop/${LEADER_SLICE}`),
  });
  expect(harness.fake.requests.filter(isCreate)).toHaveLength(4);
});

it('ends without a failure in a namespace that is being deleted', async () => {
  harness.fake.before = ({ method }) =>
    method === 'POST' ? failure(403, 'Forbidden', 'it is being terminated', 'NamespaceTerminating') : undefined;
  const reply = await harness.reconcile();
  expect(reply.data.leader).toMatchObject({ name: 'db-0' });
  expect(harness.fake.writes()).toEqual(['POST services']);
});
