/**
 * Tests two `zen-lead run` on one cluster, of which one dies or stands still.
 * docs/architecture.md#replicas.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type Pod, startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aService } from '../support/objects/aService.ts';
import { type RunningCommand, startCommand } from '../support/programs/startCommand.ts';

const controlPlane = useControlPlane({ controllerManager: false, audit: true });
/**
 * A dead holder's Lease is free after 10 s, and is read every 2 s; a failover must not have waited
 * for it.
 */
const LEASE_MS = 10_000;

let stories = 0;
let namespace: Namespace;
let pods: readonly [Pod, Pod];
let holder: RunningCommand;
let second: RunningCommand;

const isHolder = async (each: RunningCommand) => (await each.readMetric('zen_lead_lease_holder')) === 1;

/** `web` is led by web-0 and announced, with two replicas of zen-lead. */
beforeEach(async () => {
  stories += 1;
  namespace = await createNamespace(controlPlane(), `replicas-${stories}`);
  pods = [await startPod(namespace, { name: 'web-0' }), await startPod(namespace, { name: 'web-1' })];
  const start = (name: string) => startCommand(controlPlane(), `${name}-${stories}`, 'run');
  const started = await Promise.all([start('zen-lead-a'), start('zen-lead-b')]);
  await vi.waitFor(
    async () => expect(await Promise.all(started.map(isHolder)), 'waited for a holder of the Lease').toContain(true),
    { timeout: 15_000 },
  );
  [holder, second] = (await isHolder(started[0])) ? started : [started[1], started[0]];
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await expect.poll(() => isAnnounced()).toBe(true);
});
afterEach(async () => {
  await Promise.all([holder, second].map((each) => each.process.stop('SIGKILL')));
});

async function isAnnounced(): Promise<boolean> {
  const service = await readService(namespace, 'web-leader');
  const [slice] = await listSlices(namespace, 'web-leader');
  const epoch = slice?.metadata.annotations['zen-lead.io/epoch'];
  return epoch !== undefined && service?.metadata.annotations['zen-lead.io/announced-epoch'] === epoch;
}

async function readVersions(): Promise<string> {
  const slices = await listSlices(namespace, 'web-leader');
  const service = await readService(namespace, 'web-leader');
  return [service, ...slices].map((each) => each?.metadata.resourceVersion).join(' ');
}

test('after kill -9 of the replica that sends first, the other one moves the route, and does not wait for the Lease', async () => {
  // On a busy machine it may have lost its patience when the Service was made.
  const hintsBefore = await second.readMetric('zen_lead_hedged_hints_total');
  await holder.process.stop('SIGKILL');
  const killedAt = Date.now();
  await pods[0].setReady(false);
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  expect(Date.now() - killedAt).toBeLessThan(LEASE_MS);
  expect(await isHolder(second)).toBe(false);
  await expect.poll(() => second.readMetric('zen_lead_hedged_hints_total')).toBe(hintsBefore + 1);
  // One hint is enough. Then it takes the Lease and announces what the dead one has not.
  await expect.poll(() => isAnnounced()).toBe(true);
  await expect.poll(() => isHolder(second)).toBe(true);
  await expect.poll(() => second.readMetric('zen_lead_hedged_hints_total')).toBe(hintsBefore + 1);
});

test('the route moves once, and not back, while the replica that sends first is stopped (SIGSTOP) and woken (SIGCONT)', async () => {
  holder.process.signal('SIGSTOP');
  await pods[0].setReady(false);
  const stoppedAt = Date.now();
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  expect(Date.now() - stoppedAt).toBeLessThan(LEASE_MS);
  // For the frozen replica nothing has happened: its leader is Ready, as it was.
  await pods[0].setReady(true);
  await expect.poll(() => isAnnounced()).toBe(true);
  await expect.poll(() => isHolder(second)).toBe(true);
  const before = await readVersions();
  holder.process.signal('SIGCONT');
  expect(await staysSo(() => readVersions(), 3_000)).toBe(before);
  expect(await isHolder(holder)).toBe(false);
  // Once awake it is as good as any other: it sends when the other one does not.
  await second.process.stop('SIGKILL');
  await pods[1].setReady(false);
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
});

test('a timer that died with the replica that sends first fires, long before the Lease is free', async () => {
  await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/failover-min-delay=3s');
  await sleep(500); // the annotation has arrived everywhere
  const lostAt = Date.now();
  await pods[0].setReady(false);
  await sleep(500); // its timer is set
  await holder.process.stop('SIGKILL');
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
  expect(Date.now() - lostAt).toBeGreaterThan(1_900); // conditions have whole seconds
  expect(await isHolder(second)).toBe(false);
});
