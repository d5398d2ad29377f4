/** Something changes the leader slice after each write of zen-lead. docs/decisions/damping.md */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseCarry } from '../../../../functions/reconcile/carry.ts';
import type { ReplyEvent } from '../../../../lib/events/reply.ts';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import type { Stored } from '../../../support/servers/fakeApi.ts';
import { type Harness, signal, startHarness } from '../../../support/servers/functionsHarness.ts';

let harness: Harness;
let carry: string | undefined;

beforeEach(async () => {
  harness = await startHarness();
  carry = undefined;
});
afterEach(() => harness.fake.close());

/** One event as a bridge sends it, with the carry of the last reply. */
async function reconcile(isTrusted = true): Promise<ReplyEvent> {
  const event = await harness.event({}, carry === undefined ? {} : { carry });
  const reply = await harness.reconciler.reconcile(event, isTrusted, signal);
  carry = reply.data.carry;
  return reply;
}

/** Rewrites the zone of what is routed to, as the manager `mesh`. */
function fight(): void {
  const slice = harness.fake.find('endpointslices', 'db-leader-ipv4');
  const endpoints = (slice?.['endpoints'] ?? []) as readonly object[];
  if (slice === undefined || endpoints.length === 0) return;
  const managedFields = [
    { manager: 'zen-lead', operation: 'Update', time: '2026-11-20T10:00:00Z' },
    { manager: 'mesh', operation: 'Apply', time: '2026-11-20T10:00:01Z' },
    { manager: 'kubelet', operation: 'Update', time: '2026-11-20T10:00:02Z', subresource: 'status' },
  ];
  const metadata = { ...slice.metadata, managedFields };
  harness.fake.put('endpointslices', {
    ...slice,
    metadata,
    endpoints: endpoints.map((each) => ({ ...each, zone: 'x' })),
  });
}

async function fightFor(seconds: number, isTrusted = true): Promise<number> {
  let patches = 0;
  for (let step = 0; step < seconds * 10; step++) {
    await reconcile(isTrusted);
    patches += harness.fake.writes().filter((write) => write === 'PATCH endpointslices/db-leader-ipv4').length;
    fight();
    harness.clock.now += 100;
  }
  return patches;
}

const notices = (): readonly Stored[] => harness.fake.all('events');
const reasons = (): readonly unknown[] => notices().map(({ reason }) => reason);

it('writes it less and less often, announces the leader, and names who changes it', async () => {
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
  expect(await fightFor(4)).toBe(4);
  expect(reasons()).toEqual(expect.arrayContaining(['LeaderElected', 'WriteUndone']));
  expect(notices().find(({ reason }) => reason === 'WriteUndone')?.['note']).toBe(
    'EndpointSlice "db-leader-ipv4" does not stay as zen-lead writes it. Changed by mesh (Apply). zen-lead tries again, at most 5 minutes apart.',
  );
  expect(await harness.count('writes_held_back_total', { resource: 'endpointslices' })).toBeGreaterThan(0);
  expect(await harness.count('warnings_total', { reason: 'WriteUndone' })).toBe(1);
});

it('asks for the next attempt, and fails over before it', async () => {
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
  putPod(harness.fake, 'db-1');
  await fightFor(2);
  const { recheckAfterMs = 0 } = (await reconcile()).data;
  expect(recheckAfterMs).toBeGreaterThan(1_000);

  putPod(harness.fake, 'db-0', { ready: false });
  await reconcile();
  expect(routedPod(harness.fake)).toBe('db-1');
  fight();
  await fightFor(1);
  expect(reasons()).toContain('LeaderChanged');
});

/** A policy rewrites the zone before it is stored. */
function rewriteZones(ofSlice = 'endpointslices'): void {
  harness.fake.before = ({ method, path, body }) => {
    if (method === 'PATCH' && path.includes(ofSlice))
      for (const endpoint of (body as { endpoints?: { zone?: string }[] }).endpoints ?? []) endpoint.zone = 'x';
    return undefined;
  };
}

it('says that a webhook or policy changes it where no other manager is recorded', async () => {
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
  rewriteZones();
  for (let step = 0; step < 10; step++) await reconcile();
  expect(notices().find(({ reason }) => reason === 'WriteUndone')?.['note']).toContain(
    'an admission webhook or policy',
  );
});

it('announces after a patch that changed nothing, because no watch brings another reconcile', async () => {
  putService(harness.fake, {}, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' });
  putPod(harness.fake, 'db-0', { otherIps: ['fd00::1'] });
  // The slice of the second family has no revisions, which would change with each patch.
  rewriteZones('db-leader-ipv6');
  await reconcile();
  expect(reasons()).not.toContain('LeaderElected');
  await reconcile();
  expect(reasons()).toContain('LeaderElected');
});

it.each([300, 3_600_000])('damps it also where the clocks of two functions are %i ms apart', async (aheadMs) => {
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
  let patches = 0;
  for (let step = 0; step < 40; step++) {
    const event = await harness.event({}, carry === undefined ? {} : { carry });
    const skewMs = step % 2 === 0 ? aheadMs : 0;
    harness.clock.now += skewMs;
    const reply = await harness.reconciler.reconcile(event, true, signal);
    harness.clock.now -= skewMs;
    carry = reply.data.carry;
    patches += harness.fake.writes().filter((write) => write === 'PATCH endpointslices/db-leader-ipv4').length;
    fight();
    harness.clock.now += 100;
  }
  expect(patches).toBeLessThan(6);
});

it('gives each bridge whose hints it serves together a carry by the clock of that bridge', async () => {
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
  await fightFor(1);
  const hintOf = async (aheadMs: number): Promise<ReplyEvent> => {
    const event = await harness.event();
    if (event.data.kind !== 'readable') throw new Error('the harness makes readable events');
    const { snapshot: _, deadline, ...value } = event.data.value;
    const data = { ...value, deadline: deadline + aheadMs, ...(carry === undefined ? {} : { carry }) };
    return harness.reconciler.reconcile({ ...event, data: { kind: 'readable', value: data } }, true, signal);
  };
  // The second and the third wait for the end of the first, and are served by one read.
  const [, late, right] = await Promise.all([hintOf(0), hintOf(-3_600_000), hintOf(0)]);
  const newest = (reply: ReplyEvent | undefined): number =>
    Math.max(...[...parseCarry(reply?.data.carry, 0).ledger.values()].map(({ at }) => at));
  expect(newest(right) - newest(late)).toBe(3_600_000);
});

it('damps nothing for a stranger, whose carry does not count', async () => {
  putService(harness.fake);
  putPod(harness.fake, 'db-0');
  await fightFor(1);
  expect(await fightFor(1, false)).toBe(10);
});
