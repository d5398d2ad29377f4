import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeKubernetesEvent } from '../../../../functions/announce/kubernetesEvent.ts';
import { warningKey } from '../../../../functions/announce/notices.ts';
import { parseEnvelope } from '../../../../lib/events/envelope.ts';
import { parseReply } from '../../../../lib/events/parseReply.ts';
import type { ReplyEvent } from '../../../../lib/events/reply.ts';
import { toAnnouncement } from '../../../../lib/selection/announcement.ts';
import { assess } from '../../../../lib/selection/assess.ts';
import { parseHistory } from '../../../../lib/selection/history.ts';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import { aSnapshot } from '../../../support/objects/anEvent.ts';
import { aLeaderService, aLeaderSlice } from '../../../support/objects/aSlice.ts';
import { aService, T0, uidOf } from '../../../support/objects/builders.ts';
import { failure, type Stored } from '../../../support/servers/fakeApi.ts';
import { type Harness, startHarness } from '../../../support/servers/functionsHarness.ts';

let harness: Harness;
let broker: Server;
let received: ReplyEvent[];
let brokerStatus: number;

// The time of the first announcement must not go into loading the package.
beforeAll(() => import('cloudevents'));
beforeEach(async () => {
  received = [];
  brokerStatus = 202;
  broker = createServer(async (request, response) => {
    const event = await readEvent(request);
    if (brokerStatus === 0) return; // no answer at all
    if (brokerStatus === 202) received.push(event);
    response.writeHead(brokerStatus).end();
  });
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  harness = await startHarness({ eventsSink: `http://127.0.0.1:${(broker.address() as AddressInfo).port}/` });
});
afterEach(async () => {
  await harness.fake.close();
  broker.closeAllConnections();
  await new Promise((resolve) => broker.close(resolve));
});

async function readEvent(request: IncomingMessage): Promise<ReplyEvent> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return parseReply(parseEnvelope(request.headers, Buffer.concat(chunks)));
}

const notices = (): [string, string][] =>
  harness.fake.all('events').map((event) => [String(event['type']), String(event['reason'])]);
const annotationsOf = (object: Stored | undefined): Record<string, string> =>
  (object?.metadata['annotations'] ?? {}) as Record<string, string>;
const leaderNotes = (): Record<string, string> => annotationsOf(harness.fake.find('services', 'db-leader'));

async function startWithTwoPods(annotations: Record<string, string> = {}): Promise<void> {
  putService(harness.fake, annotations);
  putPod(harness.fake, 'db-0');
  putPod(harness.fake, 'db-1');
  await harness.settle();
}

describe('the outbox', () => {
  it('announces the first leader after the route stands: Kubernetes Event, CloudEvent, then the record', async () => {
    putService(harness.fake);
    putPod(harness.fake, 'db-0');
    await harness.reconcile();
    expect([routedPod(harness.fake), notices(), received]).toEqual(['db-0', [], []]);

    await harness.reconcile();
    expect(notices()).toEqual([
      ['Normal', 'LeaderServiceCreated'],
      ['Normal', 'LeaderElected'],
    ]);
    expect(received).toMatchObject([
      {
        type: 'io.zen-lead.leader.elected',
        source: '/clusters/test',
        subject: 'namespaces/shop/services/db',
        data: { reason: 'FirstLeader', leader: { name: 'db-0' }, previous: null },
      },
    ]);
    expect(harness.fake.writes()).toEqual(['POST events', 'POST events', 'PATCH services/db-leader']);
    expect(leaderNotes()).toMatchObject({
      'zen-lead.io/leader-pod-name': 'db-0',
      'zen-lead.io/announced-epoch': String(received[0]?.data.epoch),
      'zen-lead.io/leader-last-switch-time': '2026-11-20T10:00:00.000Z',
    });

    await harness.reconcile();
    expect(harness.fake.writes()).toEqual([]);
    expect(received).toHaveLength(1);
  });

  it('announces a change with who led before, and a loss', async () => {
    await startWithTwoPods();
    putPod(harness.fake, 'db-0', { ready: false });
    await harness.settle();
    putPod(harness.fake, 'db-1', { ready: false });
    await harness.settle();
    expect(parseHistory(leaderNotes()['zen-lead.io/leader-history'])).toMatchObject([
      { pod: null, reason: 'NoReadyPods' },
      { pod: 'db-1', reason: 'LeaderNotReady' },
      { pod: 'db-0', reason: 'FirstLeader' },
    ]);
    expect(received.slice(1)).toMatchObject([
      {
        type: 'io.zen-lead.leader.elected',
        data: { reason: 'LeaderNotReady', previous: { name: 'db-0' }, leader: { name: 'db-1' } },
      },
      { type: 'io.zen-lead.leader.lost', data: { reason: 'NoReadyPods', previous: { name: 'db-1' }, leader: null } },
    ]);
    expect(notices().slice(2)).toEqual([
      ['Normal', 'LeaderChanged'],
      ['Warning', 'NoReadyPods'],
    ]);
    expect(leaderNotes()).not.toHaveProperty('zen-lead.io/leader-pod-uid');
  });

  it('announces a Service whose selector matches nothing', async () => {
    putService(harness.fake);
    await harness.settle();
    expect(notices()).toContainEqual(['Warning', 'NoPodsFound']);
  });

  it('says it again with the same id and name until the record is written', async () => {
    putService(harness.fake);
    putPod(harness.fake, 'db-0');
    await harness.reconcile();
    harness.fake.before = ({ method, path }) =>
      method === 'PATCH' && path.endsWith('/services/db-leader') ? failure(503, 'ServiceUnavailable') : undefined;
    const first = await harness.reconcile();
    expect(first.data.recheckAfterMs).toBe(5_000);
    harness.fake.before = () => undefined;
    await harness.reconcile();
    expect(received.map(({ id }) => id)).toEqual([received[0]?.id, received[0]?.id]);
    expect(received[0]?.time).toBe(received[1]?.time);
    expect(notices()).toHaveLength(2);
  });

  it('goes on where the previous attempt ended: an Event that is there is not written again', async () => {
    putService(harness.fake);
    putPod(harness.fake, 'db-0');
    await harness.reconcile();
    // Of an API server that answers one call before time is over.
    const answersOne = () => {
      let calls = 0;
      harness.fake.before = ({ method }) =>
        method !== 'GET' && ++calls > 1 ? failure(503, 'ServiceUnavailable') : undefined;
    };
    const attempts: string[][] = [];
    for (let n = 0; n < 3; n += 1) {
      answersOne();
      await harness.reconcile();
      attempts.push(harness.fake.writes());
      harness.fake.requests.length = 0;
    }
    expect(attempts).toEqual([
      ['POST events', 'POST events'],
      ['POST events', 'PATCH services/db-leader'],
      ['PATCH services/db-leader'],
    ]);
    expect(leaderNotes()).toHaveProperty(['zen-lead.io/announced-epoch']);
    expect(notices()).toHaveLength(2);
  });

  it('says in the log that its time was over, not that the caller has gone, when the API server is slow', async () => {
    const lines: string[] = [];
    const slow = await startHarness({ log: pino({ level: 'warn' }, { write: (line: string) => lines.push(line) }) });
    slow.patience.factor = 1;
    putService(slow.fake);
    putPod(slow.fake, 'db-0');
    await slow.reconcile();
    slow.fake.before = ({ method, path }) =>
      method === 'POST' && path.endsWith('/events') ? new Promise(() => undefined) : undefined;
    await slow.reconcile();
    await slow.fake.close();
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
      { service: 'shop/db', err: { code: 'KUBE_TIMEOUT', message: expect.stringContaining('within 500 ms') } },
    ]);
  });

  it.each([
    ['that refuses', 500],
    ['that does not answer', 0],
  ])('answers the reconcile all the same with a sink %s, and owes the event', async (_name, status) => {
    brokerStatus = status;
    harness.patience.factor = 1;
    putService(harness.fake);
    putPod(harness.fake, 'db-0');
    await harness.reconcile();
    const reply = await harness.reconcile();
    expect(reply.data).toMatchObject({ decision: 'kept', recheckAfterMs: 5_000 });
    expect(leaderNotes()).not.toHaveProperty('zen-lead.io/announced-epoch');

    harness.patience.factor = 40;
    brokerStatus = 202;
    await harness.reconcile();
    expect(received).toHaveLength(1);
    expect(leaderNotes()).toHaveProperty('zen-lead.io/announced-epoch');
  });

  it('never announces before the route: a failover with an announcement owed writes the slice alone', async () => {
    brokerStatus = 500;
    putService(harness.fake);
    putPod(harness.fake, 'db-0');
    putPod(harness.fake, 'db-1');
    await harness.reconcile();
    putPod(harness.fake, 'db-0', { ready: false });
    await harness.reconcile();
    expect(harness.fake.writes()).toEqual(['PATCH endpointslices/db-leader-ipv4']);
  });

  it('keeps the record of a LoadBalancer on the slice: its Service must not change', async () => {
    await startWithTwoPods({ 'zen-lead.io/leader-service-type': 'LoadBalancer' });
    const version = harness.fake.find('services', 'db-leader')?.metadata.resourceVersion;
    putPod(harness.fake, 'db-0', { ready: false });
    await harness.settle();
    expect(harness.fake.find('services', 'db-leader')?.metadata.resourceVersion).toBe(version);
    const slice = harness.fake.find('endpointslices', 'db-leader-ipv4');
    expect(annotationsOf(slice)).toMatchObject({
      'zen-lead.io/announced-leader-pod-uid': harness.fake.find('pods', 'db-1')?.metadata.uid,
    });
    expect(received.at(-1)).toMatchObject({ data: { leader: { name: 'db-1' }, previous: { name: 'db-0' } } });
    expect(notices().at(-1)).toEqual(['Normal', 'LeaderChanged']);
  });

  it('announces an opt-out before the Service that says what was announced goes', async () => {
    await startWithTwoPods();
    putService(harness.fake, { 'zen-lead.io/enabled': 'false' });
    await harness.reconcile();
    expect(harness.fake.all('endpointslices')).toEqual([]);
    brokerStatus = 500;
    await harness.reconcile();
    expect(harness.fake.find('services', 'db-leader')).toBeDefined();
    brokerStatus = 202;
    await harness.reconcile();
    expect(harness.fake.find('services', 'db-leader')).toBeUndefined();
    expect(received.at(-1)).toMatchObject({
      type: 'io.zen-lead.leader.lost',
      data: { reason: 'OptedOut', previous: { name: 'db-0' } },
    });
    expect(notices().at(-1)).toEqual(['Normal', 'LeaderServiceRemoved']);
    await harness.reconcile();
    expect(harness.fake.writes()).toEqual([]);
  });
});

it('leaves the end of a source that waits for a finalizer to its end, also where an orphaned slice stays', async () => {
  await startWithTwoPods();
  const source = putService(harness.fake, { 'zen-lead.io/enabled': 'false' });
  const metadata = { ...source.metadata, deletionTimestamp: '2026-11-20T09:00:00Z', finalizers: ['example.com/held'] };
  harness.fake.put('services', { ...source, metadata });
  const slice = harness.fake.find('endpointslices', 'db-leader-ipv4');
  if (slice === undefined) throw new Error('a slice expected');
  harness.fake.put('endpointslices', { ...slice, metadata: { ...slice.metadata, ownerReferences: [] } });
  const before = received.length;
  for (let i = 0; i < 3; i++) await harness.reconcile();
  expect(received.slice(before)).toEqual([]);
  expect(harness.fake.find('services', 'db-leader')).toBeDefined();
});

describe('warnings', () => {
  const invalid = { 'zen-lead.io/sticky': 'perhaps' };
  const warned = (): number => notices().filter(([, reason]) => reason === 'InvalidAnnotation').length;

  it('warnings become a Warning Event and a metric, once', async () => {
    await startWithTwoPods(invalid);
    await harness.reconcile({ type: 'io.zen-lead.service.modified' });
    expect(warned()).toBe(1);
    expect(await harness.count('warnings_total', { service: 'db', reason: 'InvalidAnnotation' })).toBe(1);
    const event = harness.fake.all('events').find((each) => each['reason'] === 'InvalidAnnotation');
    expect(event).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      metadata: { namespace: 'shop', name: expect.stringMatching(/^db\.[0-9a-f]{40}$/) },
      eventTime: '2026-11-20T10:00:00.000000Z',
      type: 'Warning',
      regarding: {
        kind: 'Service',
        namespace: 'shop',
        name: 'db',
        uid: harness.fake.find('services', 'db')?.metadata.uid,
      },
      note: expect.stringContaining('zen-lead.io/sticky'),
    });
  });

  it.each(['io.zen-lead.service.resync', 'io.zen-lead.service.recheck'])(
    'warnings are not repeated by %s',
    async (type) => {
      await startWithTwoPods();
      putService(harness.fake, invalid);
      await harness.reconcile({ type });
      expect(warned()).toBe(0);
      await harness.reconcile();
      expect(warned()).toBe(1);
    },
  );

  it('warnings that did not get through are sent by the recheck that they asked for', async () => {
    await startWithTwoPods();
    putService(harness.fake, invalid);
    harness.fake.before = ({ path }) => (path.endsWith('/events') ? failure(500, 'InternalError') : undefined);
    const { carry, recheckAfterMs } = (await harness.reconcile()).data;
    expect(recheckAfterMs).toBe(5_000);
    harness.fake.before = () => undefined;
    const reply = await harness.reconcile(
      { type: 'io.zen-lead.service.recheck' },
      carry === undefined ? {} : { carry },
    );
    expect(warned()).toBe(1);
    expect(reply.data).not.toHaveProperty('carry');
  });

  it('warnings have a note of at most 1,024 bytes, whole characters', async () => {
    const { fake } = harness;
    const notice = { type: 'Warning', reason: 'NameConflict', value: 'x', note: 'é'.repeat(2_000) } as const;
    await writeKubernetesEvent(fake.api, aService(), 1, notice, Date.now(), AbortSignal.timeout(5_000));
    const note = String(fake.all('events')[0]?.['note']);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/é…$/);
  });

  it('warnings are distinguished by a key that stays short, whatever a tenant writes', async () => {
    await startWithTwoPods({ 'zen-lead.io/sticky': 'é'.repeat(200_000) });
    const event = harness.fake.all('events').find((each) => each['reason'] === 'InvalidAnnotation');
    expect(String(event?.['note'])).toContain('It accepts at most 1024 characters: "true" or "false".');
    const warning = { reason: 'InvalidAnnotation', value: 'é'.repeat(200_000), message: '' } as const;
    expect(warningKey({ source: aService() }, { epoch: 1 }, warning)).toHaveLength(40);
  });
});

describe('a write that the API server refuses', () => {
  const refusedWrites = (): string[] =>
    harness.fake
      .all('events')
      .filter((event) => event['reason'] === 'WriteRefused')
      .map((event) => String(event['note']));
  const exceed = (used: number): void => {
    const message = `services "db-leader" is forbidden: exceeded quota: small, requested: 1, used: ${used}, limited: 5`;
    harness.fake.before = ({ method, path }) =>
      method === 'POST' && path.endsWith('/services') ? failure(403, 'Forbidden', message) : undefined;
  };

  it('a write that is refused because a quota is exhausted is reported to the user, once a cause and not once an attempt', async () => {
    putService(harness.fake);
    putPod(harness.fake, 'db-0');
    for (const used of [5, 5, 6]) {
      exceed(used);
      await expect(harness.reconcile()).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN' });
    }
    expect(refusedWrites()).toEqual([expect.stringContaining('exceeded quota: small')]);
    expect(await harness.count('warnings_total', { reason: 'WriteRefused' })).toBe(1);

    harness.fake.before = () => undefined;
    await harness.settle();
    expect(routedPod(harness.fake)).toBe('db-0');
  });

  it('says so with an Event that is refused, too, and is answered all the same', async () => {
    putService(harness.fake);
    putPod(harness.fake, 'db-0');
    harness.fake.before = ({ method }) => (method === 'POST' ? failure(403, 'Forbidden', 'no') : undefined);
    await expect(harness.reconcile()).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN' });
    expect(refusedWrites()).toEqual([]);
    exceed(5);
    await expect(harness.reconcile()).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN' });
    expect(refusedWrites()).toHaveLength(1);
  });

  it('a write that the API server refuses for a reason that passes leaves no Event', async () => {
    putService(harness.fake);
    putPod(harness.fake, 'db-0');
    harness.fake.before = ({ method }) => (method === 'POST' ? failure(500, 'InternalError', 'etcd') : undefined);
    await expect(harness.reconcile()).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
    harness.fake.before = () => undefined;
    expect(harness.fake.all('events')).toEqual([]);
  });
});

it('announces what the slice routes to, and nothing that is only decided', () => {
  const leader = { name: 'db-0', uid: uidOf('db-0') };
  const snapshot = aSnapshot({
    source: aService({}, { name: 'db', selector: { app: 'db' } }),
    services: [aLeaderService('db')],
    slices: [aLeaderSlice({ source: 'db', pod: 'db-0' })],
  });
  const decision = { ...assess(snapshot, T0).decision, kind: 'elected', leader, epoch: 7 } as const;
  expect(toAnnouncement(snapshot, decision)).toMatchObject({ kind: 'elected', leader, epoch: 7 });
  const another = { name: 'db-1', uid: uidOf('db-1') };
  expect(toAnnouncement(snapshot, { ...decision, leader: another, epoch: 8 })).toBeNull();
  expect(toAnnouncement(snapshot, { ...decision, epoch: 8 })).toBeNull();
});
