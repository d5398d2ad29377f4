import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ParsedReconcileEvent } from '../../../../lib/events/parseReconcileEvent.ts';
import { joinObservations } from '../../../../lib/selection/joinObservations.ts';
import type { Observations } from '../../../../lib/selection/observation.ts';
import type { Snapshot, Uid } from '../../../../lib/selection/snapshot.ts';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import { type Harness, signal, startHarness } from '../../../support/servers/functionsHarness.ts';

const check = 'tcp://:5432';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  putService(harness.fake, { 'zen-lead.io/health-check': check });
  putPod(harness.fake, 'db-0');
  putPod(harness.fake, 'db-1');
  await harness.settle();
});
afterEach(() => harness.fake.close());

function verdicts(db0: 'passing' | 'failing', detail: 'timeout' | 'refused' = 'timeout'): Observations {
  const uidOf = (name: string): Uid => harness.fake.find('pods', name)?.metadata.uid as Uid;
  const since = harness.clock.now - 60_000;
  return {
    observer: 'bridge-0',
    pods: [
      { uid: uidOf('db-0'), check, verdict: db0, since, ...(db0 === 'failing' && { detail }) },
      { uid: uidOf('db-1'), check, verdict: 'passing', since },
    ],
  };
}

async function aHint(observations: Observations, deadline = harness.clock.now + 3_000): Promise<ParsedReconcileEvent> {
  const event = await harness.event();
  if (event.data.kind !== 'readable') throw new Error('the harness makes readable events');
  const { snapshot: _, ...value } = event.data.value;
  return { ...event, data: { kind: 'readable', value: { ...value, deadline, observations } } };
}

const healthOf = (snapshot: Snapshot | undefined, name = 'db-0') =>
  snapshot?.candidates.find((pod) => pod.name === name)?.health;

describe('observations in an event', () => {
  it('count in a hint of a trusted sender, and the reply holds them', async () => {
    const reply = await harness.reconciler.reconcile(await aHint(verdicts('failing')), true, signal);
    expect(reply.data.basis).toBe('read');
    expect(reply.data.snapshot?.observer).toBe('bridge-0');
    expect(healthOf(reply.data.snapshot)).toMatchObject({ verdict: 'failing', detail: 'timeout' });
    expect(reply.data).toMatchObject({ reason: 'LeaderUnhealthy', leader: { name: 'db-1' } });
    expect(routedPod(harness.fake)).toBe('db-1');
  });

  it('move the leader with one write and no read where the snapshot holds them', async () => {
    const observations = verdicts('failing');
    const snapshot = joinObservations(await harness.snapshot(), observations);
    const reply = await harness.reconcile({ type: 'io.zen-lead.pod.checked' }, { observations, snapshot });
    expect(harness.fake.requests.map(({ method }) => method)).toEqual(['PATCH']);
    expect(reply.data).toMatchObject({ basis: 'event', reason: 'LeaderUnhealthy', leader: { name: 'db-1' } });
    expect(await harness.count('failover_count_total', { reason: 'leaderUnhealthy' })).toBe(1);
  });

  it('that fail every pod move nothing, and a Warning Event names the check', async () => {
    const { observer, pods } = verdicts('failing');
    const observations = { observer, pods: pods.map((pod) => ({ ...pod, verdict: 'failing' as const })) };
    const reply = await harness.reconciler.reconcile(await aHint(observations), true, signal);
    expect(reply.data).toMatchObject({ decision: 'kept', reason: 'AllUnhealthy', leader: { name: 'db-0' } });
    const notes = harness.fake.all('events').filter((event) => event['reason'] === 'HealthCheckFailing');
    expect(notes.map((event) => event['note'])).toEqual([expect.stringContaining('"tcp://:5432" (timeout)')]);
  });

  it('observations in an event of a stranger count for nothing', async () => {
    const reply = await harness.reconciler.reconcile(await aHint(verdicts('failing')), false, signal);
    expect(reply.data.snapshot).not.toHaveProperty('observer');
    expect(healthOf(reply.data.snapshot)).toBeUndefined();
    expect(routedPod(harness.fake)).toBe('db-0');
  });

  it('count for nothing from their deadline on', async () => {
    const hint = await aHint(verdicts('failing'), harness.clock.now);
    const reply = await harness.reconciler.reconcile(hint, true, signal);
    expect(healthOf(reply.data.snapshot)).toBeUndefined();
  });

  it('count for nothing where the state is read after their deadline', async () => {
    const hint = await aHint(verdicts('failing'));
    harness.fake.before = () => {
      harness.clock.now += 1_000;
      return undefined;
    };
    const reply = await harness.reconciler.reconcile(hint, true, signal);
    expect(healthOf(reply.data.snapshot)).toBeUndefined();
  });

  it('observations in an event of another check than the source asks for by now are void', async () => {
    const hint = await aHint(verdicts('failing'));
    putService(harness.fake, { 'zen-lead.io/health-check': 'tcp://:5433' });
    const reply = await harness.reconciler.reconcile(hint, true, signal);
    expect(healthOf(reply.data.snapshot)).toBeUndefined();
  });

  it('count beside a snapshot that is older than the record', async () => {
    const event = await harness.event({}, { observations: verdicts('failing') });
    if (event.data.kind !== 'readable' || event.data.value.snapshot === undefined) throw new Error('no snapshot');
    const { snapshot } = event.data.value;
    const old = { ...snapshot, revisions: { ...snapshot.revisions, pods: '1' as typeof snapshot.revisions.pods } };
    const data = { ...event.data, value: { ...event.data.value, snapshot: old } };
    const type = 'io.zen-lead.service.resync';
    const reply = await harness.reconciler.reconcile({ ...event, type, data }, true, signal);
    expect(reply.data.basis).toBe('read');
    expect(healthOf(reply.data.snapshot)).toMatchObject({ verdict: 'failing' });
  });

  it('count after a conflict', async () => {
    putPod(harness.fake, 'db-0', { ready: false });
    const event = await harness.event({}, { observations: verdicts('failing') });
    // Another client writes the slice in between.
    harness.fake.put('endpointslices', harness.fake.find('endpointslices', 'db-leader-ipv4') ?? {});
    const reply = await harness.reconciler.reconcile(event, true, signal);
    expect(reply.data.basis).toBe('read');
    expect(healthOf(reply.data.snapshot)).toMatchObject({ verdict: 'failing' });
  });
});

describe('hints that share one read', () => {
  it('decide on the newest observations of a trusted sender, whichever event asked first', async () => {
    const first = await aHint(verdicts('passing'));
    const second = await aHint(verdicts('failing', 'timeout'));
    harness.clock.now += 1;
    const third = await aHint(verdicts('failing', 'refused'));
    const forged = await aHint(verdicts('passing'), harness.clock.now + 60_000);
    // The first is being read; the others wait for one read together.
    const [, ...waited] = await Promise.all([
      harness.reconciler.reconcile(first, true, signal),
      harness.reconciler.reconcile(second, true, signal),
      harness.reconciler.reconcile(third, true, signal),
      harness.reconciler.reconcile(forged, false, signal),
    ]);
    for (const { data } of waited) expect(healthOf(data.snapshot)).toMatchObject({ detail: 'refused' });
  });

  it('hints that share one read keep no observations once they are answered', async () => {
    await harness.reconciler.reconcile(await aHint(verdicts('failing')), true, signal);
    const reply = await harness.reconciler.reconcile(await aHint(verdicts('failing')), false, signal);
    expect(healthOf(reply.data.snapshot)).toBeUndefined();
  });
});
