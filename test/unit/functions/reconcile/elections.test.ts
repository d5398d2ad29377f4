/**
 * Tests how a function decides the elections of one Service in turn, on a fake API.
 * docs/decisions/elections.md
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCurrentState } from '../../../../cli/edit/currentState.ts';
import { decideAgain } from '../../../../cli/replay/decideAgain.ts';
import { reconcileDataZod } from '../../../../lib/events/reconcileSchema.ts';
import { replyDataZod } from '../../../../lib/events/replySchema.ts';
import { putPod, putService } from '../../../support/objects/aNamespace.ts';
import { type Harness, signal, startHarness } from '../../../support/servers/functionsHarness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  for (const name of ['db-0', 'db-1', 'db-2']) putPod(harness.fake, name);
});
afterEach(() => harness.fake.close());

/** The pod that a slice routes to. */
function routed(slice: string): string | undefined {
  const endpoints = (harness.fake.find('endpointslices', slice)?.['endpoints'] ?? []) as {
    targetRef: { name: string };
  }[];
  return endpoints[0]?.targetRef.name;
}

describe('a Service with two elections', () => {
  beforeEach(() => void putService(harness.fake, { 'zen-lead.io/elections': 'writer,cron' }));

  it('gets both in one reconcile, each with what the one before it has written', async () => {
    const { data, subject } = await harness.reconcile();
    expect([routed('db-writer-ipv4'), routed('db-cron-ipv4')]).toEqual(['db-0', 'db-1']);
    expect(subject).toBe('namespaces/shop/services/db');
    expect(data.elections?.map(({ election, slot, leader }) => [election, slot, leader?.name])).toEqual([
      ['writer', 0, 'db-0'],
      ['cron', 0, 'db-1'],
    ]);
    expect(replyDataZod.safeParse(data).success).toBe(true);
  });

  it('decides a recording of it again as it was decided', async () => {
    const event = await harness.event();
    const reply = await harness.reconciler.reconcile(event, true, signal);
    const { value } = event.data as Extract<typeof event.data, { kind: 'readable' }>;
    const replayed = decideAgain({
      kind: 'reconcile',
      service: event.subject,
      type: event.type,
      change: value.change,
      at: harness.clock.now,
      status: 200,
      snapshot: value.snapshot ?? null,
      basis: 'event',
      recorded: reply.data,
      event: null,
    });
    expect(replayed.today?.leader?.name).toBe('db-0');
    expect(replayed.differs).toBe(false);
  });

  it('is answered about the election that an event names', async () => {
    await harness.settle();
    const event = await harness.event({ subject: { namespace: 'shop', name: 'db', election: 'cron', slot: 0 } });
    const reply = await harness.reconciler.reconcile(event, true, signal);
    expect(reply.subject).toBe('namespaces/shop/services/db/elections/cron');
    expect(reply.id).toContain('/cron/0/');
    expect(reply.data.leader?.name).toBe('db-1');
  });

  it('reads the state for a hint, and finds both', async () => {
    const event = await harness.event();
    const reply = await harness.reconciler.reconcile(event, false, signal);
    expect(reply.data.basis).toBe('read');
    expect([routed('db-writer-ipv4'), routed('db-cron-ipv4')]).toEqual(['db-0', 'db-1']);
  });

  it('announces each, and then writes nothing more', async () => {
    await harness.settle();
    for (const name of ['db-writer', 'db-cron'])
      expect(harness.fake.find('services', name)?.metadata.annotations).toMatchObject({
        'zen-lead.io/announced-epoch': expect.any(String),
      });
    await harness.reconcile({ type: 'io.zen-lead.service.resync' });
    expect(harness.fake.writes()).toEqual([]);
  });

  it('leaves the other one its leader where the API server refuses one its Service', async () => {
    const { reconciler, fake } = harness;
    fake.put('services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'db-writer' },
      spec: { type: 'ClusterIP', ports: [{ port: 1, protocol: 'TCP', targetPort: 1 }], ipFamilies: ['IPv4'] },
    });
    await reconciler.reconcile(await harness.event(), true, signal);
    expect([routed('db-writer-ipv4'), routed('db-cron-ipv4')]).toEqual([undefined, 'db-0']);
  });

  it('has a state of each for the commands that edit it', async () => {
    await harness.settle();
    const state = await readCurrentState(harness.fake.api, { namespace: 'shop', name: 'db', election: 'cron' }, signal);
    expect(state.record.leader?.name).toBe('db-1');
    const unknown = readCurrentState(harness.fake.api, { namespace: 'shop', name: 'db', election: 'x' }, signal);
    await expect(unknown).rejects.toThrow('there is shop/db/writer, shop/db/cron');
  });
});

describe('a pool', () => {
  beforeEach(() => void putService(harness.fake, { 'zen-lead.io/active': '3' }));

  it('gets a pod for each slot in one reconcile, and none twice', async () => {
    await harness.reconcile();
    expect(['db-leader-ipv4', 'db-leader-1-ipv4', 'db-leader-2-ipv4'].map(routed)).toEqual(['db-0', 'db-1', 'db-2']);
  });

  it('announces each slot where its record stands', async () => {
    await harness.settle();
    expect(harness.fake.find('endpointslices', 'db-leader-2-ipv4')?.metadata.annotations).toMatchObject({
      'zen-lead.io/announced-epoch': expect.any(String),
      'zen-lead.io/announced-leader-pod-uid': harness.fake.find('pods', 'db-2')?.metadata.uid,
    });
    await harness.reconcile({ type: 'io.zen-lead.service.resync' });
    expect(harness.fake.writes()).toEqual([]);
  });
});

it('answers about a Service with one election as before', async () => {
  putService(harness.fake);
  const event = await harness.event();
  const { data } = await harness.reconciler.reconcile(event, true, signal);
  expect(data).not.toHaveProperty('elections');
  expect(JSON.stringify(event.data)).not.toContain('election');
  const { value } = event.data as Extract<typeof event.data, { kind: 'readable' }>;
  expect(reconcileDataZod.safeParse(value).success).toBe(true);
});

it('a Service that uses none of it costs no write and no byte more: opt-in, failover, opt-out', async () => {
  putService(harness.fake, {});
  const bodies: string[] = [];
  const writes: string[] = [];
  const reconcile = async (): Promise<void> => {
    const event = await harness.event();
    const reply = await harness.reconciler.reconcile(event, true, signal);
    bodies.push(
      JSON.stringify([event, reply]),
      ...harness.fake.requests.map(({ body }) => JSON.stringify(body ?? null)),
    );
    writes.push(...harness.fake.writes());
  };
  for (let n = 0; n < 4; n += 1) await reconcile();
  const events = 'POST events';
  expect(writes.splice(0).map(withoutName)).toEqual([
    'POST services',
    'POST endpointslices',
    'PATCH endpointslices/db-leader-ipv4',
    // The leader Service was made, and the pod elected.
    events,
    events,
    'PATCH services/db-leader',
  ]);
  harness.fake.remove('pods', 'db-0');
  for (let n = 0; n < 3; n += 1) await reconcile();
  expect(writes.splice(0).map(withoutName)).toEqual([
    'PATCH endpointslices/db-leader-ipv4',
    events,
    'PATCH services/db-leader',
  ]);
  putService(harness.fake, { 'zen-lead.io/enabled': 'false' });
  for (let n = 0; n < 3; n += 1) await reconcile();
  expect(writes.map(withoutName)).toEqual([
    'DELETE endpointslices/db-leader-ipv4',
    'DELETE services/db-leader',
    events,
  ]);
  // The names of annotations and labels, and the fields of events and replies.
  expect(bodies.join().match(/election(?!:)\w*|slot\w*|spread|scale-\w+|handover\w*|weight/gi)).toBeNull();
});

function withoutName(write: string): string {
  return write.replace(/^(POST \w+).*/, '$1');
}
