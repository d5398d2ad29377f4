/** The end of a deleted Service, as a function announces it. docs/reference/events.md */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { announceGone, type Ending } from '../../../../functions/announce/goneSource.ts';
import type { ReplyEvent } from '../../../../lib/events/reply.ts';
import type { GoneSource, SliceView } from '../../../../lib/selection/snapshot.ts';
import { aLeaderService, aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { uidOf } from '../../../support/objects/builders.ts';
import { type FakeApi, failure, startFakeApi } from '../../../support/servers/fakeApi.ts';
import { signal, startHarness } from '../../../support/servers/functionsHarness.ts';

const service = { namespace: 'shop', name: 'postgres' };
const announced = { 'zen-lead.io/announced-epoch': '7', 'zen-lead.io/leader-pod-name': 'p-0' };
let fake: FakeApi;
let sent: ReplyEvent[];
let sinkFails: boolean;

beforeEach(async () => {
  fake = await startFakeApi();
  sent = [];
  sinkFails = false;
});
afterEach(() => fake.close());

function aGone(slices: readonly SliceView[] = [aLeaderSlice({ pod: 'p-0' })]): GoneSource {
  const annotations = { ...announced, 'zen-lead.io/leader-pod-uid': uidOf('p-0') };
  return { uid: uidOf('postgres'), services: [aLeaderService('postgres', { annotations })], slices };
}

function announce(gone = aGone()): Promise<Ending> {
  const deps = {
    api: fake.api,
    clusterName: 'test',
    eventsSink: async (event: ReplyEvent) => {
      if (sinkFails) throw new Error('the sink is away');
      sent.push(event);
    },
    now: () => Date.parse('2026-11-20T10:00:00Z'),
    sinkSignal: () => AbortSignal.timeout(5_000),
  };
  return announceGone(service, gone, deps, AbortSignal.timeout(5_000));
}

/** A slice of the API server, by its uid and owner. */
function putSlice(uid: string, ownerUid: string | null, name = 'postgres-leader-ipv4', annotations = {}): void {
  const owner = { apiVersion: 'v1', kind: 'Service', name: 'postgres', uid: ownerUid, controller: true };
  fake.put('endpointslices', {
    metadata: {
      name,
      uid,
      annotations,
      labels: { 'endpointslice.kubernetes.io/managed-by': 'zen-lead.io', 'zen-lead.io/source-service': 'postgres' },
      ownerReferences: ownerUid === null ? [] : [owner],
    },
    addressType: 'IPv4',
    endpoints: [],
    ports: [],
  });
}

it('says who led last, under the id of the deleted Service', async () => {
  expect(await announce()).toMatchObject({ kind: 'announced', previous: { name: 'p-0' }, epoch: 7 });
  expect(sent).toMatchObject([
    {
      id: 'uid-postgres/7/io.zen-lead.leader.lost/SourceGone',
      subject: 'namespaces/shop/services/postgres',
      data: { decision: 'lost', reason: 'SourceGone', previous: { name: 'p-0' }, leader: null, epoch: 7 },
    },
  ]);
  expect(fake.all('events')).toMatchObject([
    { type: 'Normal', reason: 'SourceGone', regarding: { kind: 'Service', name: 'postgres', uid: 'uid-postgres' } },
  ]);
});

it('says the leader of the record where the leader Service went unseen', async () => {
  expect(await announce({ ...aGone(), services: [] })).toMatchObject({ previous: { name: 'p-0' } });
});

it('announces the end once more after the sink was away', async () => {
  sinkFails = true;
  await expect(announce()).rejects.toThrow('the sink is away');
  sinkFails = false;
  expect((await announce()).kind).toBe('announced');
  expect(sent).toHaveLength(1);
});

it('announces nothing while the Service is there', async () => {
  fake.put('services', { metadata: { name: 'postgres', uid: uidOf('postgres') }, spec: {} });
  expect(await announce()).toEqual({ kind: 'nothing' });
  expect([sent, fake.writes()]).toEqual([[], []]);
});

it('announces the end although the next Service of its name is there', async () => {
  fake.put('services', { metadata: { name: 'postgres', uid: 'another' }, spec: {} });
  putSlice('another-slice', 'another');
  expect((await announce()).kind).toBe('announced');
});

it('waits while the route stands', async () => {
  putSlice(uidOf('postgres-leader-ipv4'), uidOf('postgres'));
  expect(await announce()).toEqual({ kind: 'waits' });
  expect([sent, fake.writes()]).toEqual([[], []]);
});

it('waits while a slice stands that the sender had not seen', async () => {
  putSlice('unseen', uidOf('postgres'));
  expect(await announce(aGone([]))).toEqual({ kind: 'waits' });
});

it('waits while a slice of a name stands that the sender had not seen', async () => {
  putSlice('renamed', uidOf('postgres'), 'primary-ipv4', { 'zen-lead.io/epoch': '9' });
  expect(await announce()).toEqual({ kind: 'waits' });
});

it('does not wait for slices of followers', async () => {
  putSlice('followers', uidOf('postgres'), 'postgres-followers-1');
  expect((await announce()).kind).toBe('announced');
});

it.each([null, 'another'])('announces nothing of a route that was left to owner %s', async (owner) => {
  putSlice(uidOf('postgres-leader-ipv4'), owner);
  expect(await announce()).toEqual({ kind: 'nothing' });
  expect([sent, fake.writes()]).toEqual([[], []]);
});

it('announces nothing where no leader was ever recorded', async () => {
  expect(await announce({ ...aGone([]), services: [aLeaderService()] })).toEqual({ kind: 'nothing' });
});

it('sends to the sink where the namespace takes no Kubernetes Event any more', async () => {
  const refusal = failure(403, 'Forbidden', 'the namespace goes', 'NamespaceTerminating');
  fake.before = ({ method }) => (method === 'POST' ? refusal : undefined);
  expect((await announce()).kind).toBe('announced');
  expect(sent).toHaveLength(1);
});

it('answers an event of a trusted sender with the uid of the Service whose end it announced', async () => {
  const harness = await startHarness();
  const gone = { ...aGone(), services: [] };
  const reply = await harness.reconcile({}, { gone });
  expect(reply.data).toMatchObject({ reason: 'SourceGone', goneAnnounced: gone.uid });
  expect(harness.fake.writes()).toEqual(['POST events']);
  await harness.fake.close();
});

it('asks for another attempt where the API server does not answer', async () => {
  const harness = await startHarness();
  harness.fake.before = ({ path }) => (path.includes('/services/') ? failure(503, 'ServiceUnavailable') : undefined);
  const { data } = await harness.reconcile({}, { gone: aGone() });
  expect([data.goneAnnounced, data.recheckAfterMs]).toEqual([undefined, 5_000]);
  await harness.fake.close();
});

it('uses nothing of what a stranger says has gone', async () => {
  const harness = await startHarness();
  const reply = await harness.reconciler.reconcile(await harness.event({}, { gone: aGone() }), false, signal);
  expect(reply.data.goneAnnounced).toBeUndefined();
  expect(harness.fake.writes()).toEqual([]);
  await harness.fake.close();
});
