import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import { failure } from '../../../support/servers/fakeApi.ts';
import { type Harness, signal, startHarness } from '../../../support/servers/functionsHarness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
  putPod(harness.fake, 'db-1');
  await harness.settle();
});
afterEach(() => harness.fake.close());

const reads = (): string[] => harness.fake.requests.filter(({ method }) => method === 'GET').map(({ path }) => path);

describe('a reconcile with a snapshot that may decide', () => {
  it('fails over with one write and no read', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const reply = await harness.reconcile();
    expect(harness.fake.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'PATCH /apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/db-leader-ipv4',
    ]);
    expect(routedPod(harness.fake)).toBe('db-1');
    expect(reply).toMatchObject({
      type: 'io.zen-lead.leader.elected',
      subject: 'namespaces/shop/services/db',
      time: '2026-11-20T10:00:00.000Z',
      data: { reason: 'LeaderNotReady', basis: 'event', previous: { name: 'db-0' }, leader: { name: 'db-1' } },
    });
    expect(reply.data).not.toHaveProperty('snapshot');
  });

  it('writes nothing when nothing that matters has changed', async () => {
    const reply = await harness.reconcile();
    expect(harness.fake.requests).toEqual([]);
    expect(reply).toMatchObject({ type: 'io.zen-lead.leader.kept', data: { reason: 'LeaderFit' } });
  });

  it('sends the resourceVersion and the uid with every patch', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const slice = harness.fake.find('endpointslices', 'db-leader-ipv4')?.metadata;
    await harness.reconcile();
    const [{ body } = { body: null }] = harness.fake.requests;
    expect(body).toMatchObject({ metadata: { uid: slice?.uid, resourceVersion: slice?.resourceVersion } });
  });

  it('answers 200 for a Service that is gone', async () => {
    harness.fake.remove('services', 'db');
    const reply = await harness.reconcile();
    expect(reply.data).toMatchObject({ decision: 'lost', reason: 'SourceGone', leader: null });
    expect(harness.fake.writes()).toEqual([]);
  });

  it('answers 200 in a namespace that is being deleted, where nothing can be made any more', async () => {
    harness.fake.remove('services', 'db-leader');
    const event = await harness.event();
    harness.fake.before = ({ method }) =>
      method === 'POST' ? failure(403, 'Forbidden', 'it is being terminated', 'NamespaceTerminating') : undefined;
    expect((await harness.reconciler.reconcile(event, true, signal)).data.leader).toMatchObject({ name: 'db-0' });
    expect(harness.fake.writes()).toEqual(['POST services']);
  });

  it('asks to be called again when a timer of the rules runs', async () => {
    putService(harness.fake, { 'zen-lead.io/failover-min-delay': '10s' });
    await harness.settle();
    putPod(harness.fake, 'db-0', { ready: false });
    const snapshot = await harness.snapshot();
    const candidates = snapshot.candidates.map((pod) =>
      pod.ready ? pod : { ...pod, readyChangedAt: harness.clock.now - 2_500 },
    );
    const reply = await harness.reconcile({}, { snapshot: { ...snapshot, candidates } });
    expect(reply.data).toMatchObject({ decision: 'kept', reason: 'FailoverDelayed', recheckAfterMs: 7_500 });
  });
});

describe('a conflict', () => {
  const failFirst = (count: number, status: number, reason: string) => {
    let left = count;
    harness.fake.before = ({ method }) => (method === 'PATCH' && left-- > 0 ? failure(status, reason) : undefined);
  };

  it.each([
    ['409', 409, 'Conflict'],
    ['404', 404, 'NotFound'],
  ])('a conflict with %s is read afresh and decided again', async (_name, status, reason) => {
    putPod(harness.fake, 'db-0', { ready: false });
    const event = await harness.event();
    failFirst(1, status, reason);
    const reply = await harness.reconciler.reconcile(event, true, signal);
    expect(routedPod(harness.fake)).toBe('db-1');
    expect(reply.data).toMatchObject({
      basis: 'read',
      snapshot: { namespace: 'shop', name: 'db' },
      leader: { name: 'db-1' },
    });
    // Slices first; Services when the pods are there, so that what a user wrote before a pod
    // changed is seen with that change.
    expect([...new Set(reads())]).toEqual([
      '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices',
      '/api/v1/namespaces/shop/pods',
      '/api/v1/namespaces/shop/services',
    ]);
    expect(await harness.count('retry_attempts_total', { attempt: '1' })).toBe(1);
    expect(await harness.count('retry_success_after_retry_total', { service: 'db' })).toBe(1);
  });

  it('decides on what is there now, not on what was in the event', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const event = await harness.event();
    putPod(harness.fake, 'db-0', { ready: true });
    putPod(harness.fake, 'db-1', { ready: false });
    failFirst(1, 409, 'Conflict');
    const reply = await harness.reconciler.reconcile(event, true, signal);
    expect(reply.data).toMatchObject({ decision: 'kept', leader: { name: 'db-0' } });
    expect(routedPod(harness.fake)).toBe('db-0');
  });

  it('a conflict that goes on is given up after three readings, to be tried again', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const event = await harness.event();
    failFirst(100, 409, 'Conflict');
    await expect(harness.reconciler.reconcile(event, true, signal)).rejects.toMatchObject({ code: 'KUBE_CONFLICT' });
    expect(reads().filter((path) => path.endsWith('/pods'))).toHaveLength(3);
    expect(harness.fake.writes()).toHaveLength(4);
  });

  it('a conflict with an object that another client made in between is read afresh too', async () => {
    harness.fake.remove('services', 'db-leader');
    const event = await harness.event();
    let isFirst = true;
    harness.fake.before = ({ method }) => {
      if (method !== 'POST' || !isFirst) return undefined;
      isFirst = false;
      return failure(409, 'AlreadyExists');
    };
    await harness.reconciler.reconcile(event, true, signal);
    expect(harness.fake.find('services', 'db-leader')).toBeDefined();
  });

  it('a conflict at the other family’s slice does not hide the election that was written before it', async () => {
    putService(harness.fake, {}, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' });
    await harness.settle();
    putPod(harness.fake, 'db-0', { ready: false });
    const event = await harness.event();
    let isFirst = true;
    harness.fake.before = ({ path }) => {
      if (!path.endsWith('/db-leader-ipv6') || !isFirst) return undefined;
      isFirst = false;
      return failure(409, 'Conflict');
    };
    const reply = await harness.reconciler.reconcile(event, true, signal);
    expect(reply.data).toMatchObject({ decision: 'kept', basis: 'read', leader: { name: 'db-1' } });
    expect(await harness.count('failover_count_total', { reason: 'notReady' })).toBe(1);
    const epochs = ['ipv4', 'ipv6'].map(
      (family) => harness.fake.find('endpointslices', `db-leader-${family}`)?.metadata['annotations'],
    );
    expect(epochs).toEqual(Array(2).fill(expect.objectContaining({ 'zen-lead.io/epoch': String(reply.data.epoch) })));
  });

  it('a refused write is not a conflict: it fails the reconcile and is counted', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const event = await harness.event();
    harness.fake.before = ({ method }) => (method === 'PATCH' ? failure(500, 'InternalError') : undefined);
    await expect(harness.reconciler.reconcile(event, true, signal)).rejects.toMatchObject({ code: 'KUBE_UNAVAILABLE' });
    expect(reads()).toEqual([]);
    expect(await harness.count('endpoint_write_errors_total', { service: 'db' })).toBe(1);
    expect(await harness.count('reconciliation_errors_total', { error_type: 'KUBE_UNAVAILABLE' })).toBe(1);
  });
});

describe('a snapshot that may not decide', () => {
  const hints = (reason: string): Promise<number> => harness.count('hints_total', { reason });

  it('a snapshot whose deadline has passed (S4) is a hint', async () => {
    const event = await harness.event({}, { deadline: harness.clock.now });
    const misses = await harness.count('cache_misses_total', {});
    const reply = await harness.reconciler.reconcile(event, true, signal);
    expect(reply.data.basis).toBe('read');
    expect(await hints('late')).toBe(1);
    expect(await harness.count('cache_misses_total', {})).toBe(misses + 1);
    const hits = await harness.count('cache_hits_total', {});
    await harness.reconcile();
    expect(await harness.count('cache_hits_total', {})).toBe(hits + 1);
    expect(await harness.count('cache_misses_total', {})).toBe(misses + 1);
  });

  it('a snapshot that expires between decision and write is not written', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const event = await harness.event();
    // The clock is asked three times before a write: for the deadline, the start and the decision.
    // Then it is too late.
    let asked = 0;
    const { now } = harness.clock;
    Object.defineProperty(harness.clock, 'now', { get: () => (++asked > 3 ? now + 3_000 : now) });
    const reply = await harness.reconciler.reconcile(event, true, signal);
    expect(reply.data.basis).toBe('read');
    expect(reads()).toContain('/api/v1/namespaces/shop/pods');
    expect(harness.fake.requests.at(-1)?.method).toBe('PATCH');
    expect(harness.fake.writes()).toHaveLength(1);
  });

  it.each(['pods', 'services'] as const)(
    'because its %s are older than what was last decided on (S9) moves nothing',
    async (resource) => {
      const fresh = await harness.snapshot();
      const old = {
        ...fresh,
        revisions: { ...fresh.revisions, [resource]: '5' },
        candidates: fresh.candidates.filter(({ name }) => name !== 'db-0'),
      };
      const reply = await harness.reconcile({}, { snapshot: old });
      expect(reply.data).toMatchObject({ basis: 'read', decision: 'kept', leader: { name: 'db-0' } });
      expect(harness.fake.writes()).toEqual([]);
      expect(await hints('old')).toBe(1);
    },
  );

  it('the revisions of a snapshot are compared as numbers: 1000 is not older than 999', async () => {
    const slice = harness.fake.find('endpointslices', 'db-leader-ipv4');
    const annotations = {
      ...(slice?.metadata['annotations'] as object),
      'zen-lead.io/pods-revision': '999',
      'zen-lead.io/services-revision': '999',
    };
    harness.fake.put('endpointslices', { ...slice, metadata: { ...slice?.metadata, annotations } });
    expect((await harness.reconcile()).data.basis).toBe('event');
  });

  it.each(['abc', '', '1e3', '-5', '0x10'])(
    'a snapshot whose revision is %j and not a number is a hint',
    async (pods) => {
      const fresh = await harness.snapshot();
      await harness.reconcile(
        {},
        { snapshot: { ...fresh, revisions: { ...fresh.revisions, pods: pods as typeof fresh.revisions.pods } } },
      );
      expect(await hints('unordered')).toBe(1);
    },
  );

  it('a snapshot without a record is a hint, because nothing fences what is decided without one (S9)', async () => {
    const late = await harness.event({}, { deadline: harness.clock.now + 60_000 });
    const { value } = late.data.kind === 'readable' ? late.data : { value: undefined };
    const slices: readonly never[] = [];
    const blind = value?.snapshot === undefined ? value : { ...value, snapshot: { ...value.snapshot, slices } };
    putService(harness.fake, { 'zen-lead.io/leader-service-name': 'main' });
    await harness.settle();
    const before = await harness.count('hints_total', { reason: 'unfenced' });
    const reply = await harness.reconcile({}, blind);
    expect(reply.data).toMatchObject({ decision: 'kept', basis: 'read', leader: { name: 'db-0' } });
    expect(harness.fake.writes()).toEqual([]);
    expect(await harness.count('hints_total', { reason: 'unfenced' })).toBe(before + 1);
  });

  it('a snapshot whose slice has lost its record is a hint: it may have been made empty after what the snapshot shows', async () => {
    const slice = harness.fake.find('endpointslices', 'db-leader-ipv4');
    harness.fake.put('endpointslices', { ...slice, metadata: { ...slice?.metadata, annotations: {} } });
    const reply = await harness.reconcile();
    expect(reply.data).toMatchObject({ basis: 'read', reason: 'SliceMadeAnew', leader: { name: 'db-0' } });
    expect(await hints('unfenced')).toBeGreaterThan(0);
  });

  it('an event without a snapshot, or with one that cannot be read, is a hint', async () => {
    const event = await harness.event();
    if (event.data.kind !== 'readable') throw new Error('readable expected');
    const { snapshot: _, ...data } = event.data.value;
    expect(
      (await harness.reconciler.reconcile({ ...event, data: { kind: 'readable', value: data } }, true, signal)).data
        .basis,
    ).toBe('read');
    expect((await harness.reconcile({ data: { kind: 'unreadable', problem: 'x' } })).data.basis).toBe('read');
    expect([await hints('noSnapshot'), await hints('unreadable')]).toEqual([1, 1]);
  });

  it('a snapshot whose sender is not trusted is a hint: a forged snapshot re-routes nothing', async () => {
    const fresh = await harness.snapshot();
    const forged = fresh.candidates.map((pod) =>
      pod.name === 'db-1' ? { ...pod, ips: ['6.6.6.6'] } : { ...pod, ready: false },
    );
    const event = await harness.event({}, { snapshot: { ...fresh, candidates: forged } });
    const reply = await harness.reconciler.reconcile(event, false, signal);
    expect(reply.data).toMatchObject({ basis: 'read', decision: 'kept', leader: { name: 'db-0' } });
    expect(harness.fake.writes()).toEqual([]);
    expect(await hints('untrusted')).toBe(1);
  });

  it('is no hint although it is older than what was last decided on, where it moves nothing', async () => {
    const fresh = await harness.snapshot();
    const behind = { ...fresh, revisions: { ...fresh.revisions, pods: '5' as typeof fresh.revisions.pods } };
    const reply = await harness.reconcile({}, { snapshot: behind });
    expect(reply.data).toMatchObject({ basis: 'event', decision: 'kept', leader: { name: 'db-0' } });
    expect(harness.fake.requests).toEqual([]);
    const resync = await harness.reconcile({ type: 'io.zen-lead.service.resync' }, { snapshot: behind });
    expect(resync.data.basis).toBe('read');
  });

  it('announces a leader by a view that is behind its record, without a read', async () => {
    harness.fake.remove('pods', 'db-0');
    await harness.reconcile(); // the route; the announcement is the next reconcile
    const fresh = await harness.snapshot();
    const behind = { ...fresh, revisions: { ...fresh.revisions, pods: '5' as typeof fresh.revisions.pods } };
    await harness.reconcile({}, { snapshot: behind });
    expect(reads()).toEqual([]);
    expect(harness.fake.writes()).toEqual(['POST events', 'PATCH services/db-leader']);
  });

  it('heals a restored etcd at the next resync: state read records its own, lower revisions', async () => {
    const slice = harness.fake.find('endpointslices', 'db-leader-ipv4');
    const annotations = { ...(slice?.metadata['annotations'] as object), 'zen-lead.io/pods-revision': '99999999' };
    harness.fake.put('endpointslices', { ...slice, metadata: { ...slice?.metadata, annotations } });
    await harness.reconcile({ type: 'io.zen-lead.service.resync' });
    expect(await hints('old')).toBe(1);
    const recorded = harness.fake.find('endpointslices', 'db-leader-ipv4')?.metadata['annotations'];
    expect(Number((recorded as Record<string, string>)['zen-lead.io/pods-revision'])).toBeLessThan(2_000);
    expect((await harness.reconcile()).data.basis).toBe('event');
  });
});

describe('state that is read', () => {
  it('state is read page by page, to the end', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const pods = harness.fake.all('pods');
    const tokens: unknown[] = [];
    const event = await harness.event({ data: { kind: 'unreadable', problem: 'x' } });
    harness.fake.before = ({ method, path }) => {
      if (method !== 'GET' || !path.endsWith('/pods')) return undefined;
      tokens.push(path);
      const metadata = { resourceVersion: '5000', ...(tokens.length === 1 && { continue: 'more' }) };
      return { status: 200, body: { metadata, items: tokens.length === 1 ? pods.slice(0, 1) : pods.slice(1) } };
    };
    await harness.reconciler.reconcile(event, true, signal);
    expect(tokens).toHaveLength(2);
    expect(routedPod(harness.fake)).toBe('db-1'); // it was on the second page
  });

  it('state is listed again from the start when a continue token expires', async () => {
    const event = await harness.event({ data: { kind: 'unreadable', problem: 'x' } });
    let calls = 0;
    harness.fake.before = ({ method, path }) => {
      if (method !== 'GET' || !path.endsWith('/pods') || ++calls > 2) return undefined;
      return calls === 1
        ? { status: 200, body: { metadata: { resourceVersion: '1', continue: 'x' }, items: [] } }
        : failure(410, 'Expired');
    };
    await harness.reconciler.reconcile(event, true, signal);
    expect(calls).toBe(3);
    expect(routedPod(harness.fake)).toBe('db-0');
  });

  it('state is written although three reads took 7.5 s, one after another', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const event = await harness.event({ data: { kind: 'unreadable', problem: 'x' } });
    harness.fake.before = ({ method }) => {
      if (method === 'GET') harness.clock.now += 2_500;
      return undefined;
    };
    await harness.reconciler.reconcile(event, true, signal);
    expect(reads().filter((path) => path.endsWith('/pods'))).toHaveLength(1);
    expect(routedPod(harness.fake)).toBe('db-1');
  });

  it('state is read again when it has grown older than 2 s between two writes', async () => {
    harness.fake.remove('services', 'db-leader');
    for (const { metadata } of harness.fake.all('endpointslices')) harness.fake.remove('endpointslices', metadata.name);
    const event = await harness.event({ data: { kind: 'unreadable', problem: 'x' } });
    let slow = 1;
    harness.fake.before = ({ method }) => {
      if (method === 'POST' && slow-- > 0) harness.clock.now += 2_000;
      return undefined;
    };
    await harness.reconciler.reconcile(event, true, signal);
    expect(reads().filter((path) => path.endsWith('/pods'))).toHaveLength(2);
    expect(routedPod(harness.fake)).toBe('db-0');
  });

  it('state with an object that cannot be read fails the reconcile, and not as bad input', async () => {
    const event = await harness.event({ data: { kind: 'unreadable', problem: 'x' } });
    harness.fake.put('pods', { metadata: { name: 'odd', labels: { app: 'db' } }, spec: 'none' });
    await expect(harness.reconciler.reconcile(event, true, signal)).rejects.toMatchObject({ code: 'KUBE_INVALID' });
  });
});

describe('counters', () => {
  it('counters report a failover with its reason in the Go zen-lead’s spelling, and how long it took', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    await harness.reconcile();
    expect(await harness.count('failover_count_total', { namespace: 'shop', service: 'db', reason: 'notReady' })).toBe(
      1,
    );
    expect(await harness.count('failover_latency_seconds', { reason: 'notReady', le: '0.005' })).toBe(1);
    expect(await harness.count('sticky_leader_misses_total', { service: 'db' })).toBe(1);
    expect(await harness.count('sticky_leader_hits_total', { service: 'db' })).toBeGreaterThan(0);
    expect(await harness.count('leader_selection_attempts_total', { service: 'db' })).toBeGreaterThan(1);
    expect(await harness.count('reconciliations_total', { service: 'db', result: 'success' })).toBeGreaterThan(1);
  });

  it('counters report a Service that lost its last pod as noneReady, and the first leader as no failover', async () => {
    expect(await harness.count('failover_count_total', {})).toBe(0);
    putPod(harness.fake, 'db-0', { ready: false });
    putPod(harness.fake, 'db-1', { ready: false });
    await harness.reconcile();
    expect(await harness.count('failover_count_total', { reason: 'noneReady' })).toBe(1);
    expect(routedPod(harness.fake)).toBeNull();
  });
});
