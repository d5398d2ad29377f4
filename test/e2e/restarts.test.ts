/**
 * Tests that zen-lead and the API server can stop and come back. docs/guarantees.md (S8, L1),
 * docs/architecture.md#bridge.
 */

import { afterEach, expect, test } from 'vitest';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listServiceNames, listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type Pod, startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aService } from '../support/objects/aService.ts';
import { startZenLead, type ZenLead } from '../support/programs/spawnZenLead.ts';

const controlPlane = useControlPlane();
let stories = 0;
let starts = 0;
let running: ZenLead | undefined;

afterEach(async () => {
  // it releases its Lease, so that the next one need not wait for it
  await running?.process.stop('SIGTERM');
  running = undefined;
});

async function start(): Promise<ZenLead> {
  starts += 1;
  running = await startZenLead(controlPlane(), `zen-lead-${starts}`);
  return running;
}

async function startLed(): Promise<{ namespace: Namespace; first: Pod; second: Pod; zenLead: ZenLead }> {
  stories += 1;
  const namespace = await createNamespace(controlPlane(), `restart-${stories}`);
  const first = await startPod(namespace, { name: 'web-0' });
  const second = await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService());
  const zenLead = await start();
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await expect.poll(() => readVersions(namespace)).toEqual(expect.stringContaining('announced'));
  return { namespace, first, second, zenLead };
}

/**
 * Reads every version of our objects, and whether everything is announced: no write is due then.
 */
async function readVersions(namespace: Namespace): Promise<string> {
  const service = await readService(namespace, 'web-leader');
  const slices = await listSlices(namespace, 'web-leader');
  const epoch = slices[0]?.metadata.annotations['zen-lead.io/epoch'];
  const announced = service?.metadata.annotations['zen-lead.io/announced-epoch'];
  const versions = [service, ...slices].map((each) => each?.metadata.resourceVersion);
  return `${versions.join(' ')}${announced === epoch ? ' announced' : ''}`;
}

test('a restart of zen-lead writes nothing when nothing has changed', async () => {
  const { namespace, zenLead } = await startLed();
  const before = await readVersions(namespace);
  await zenLead.process.stop('SIGTERM');
  await start();
  expect(await staysSo(() => readVersions(namespace))).toBe(before);
});

test('zen-lead ends in time after SIGTERM', async () => {
  const { zenLead } = await startLed();
  const askedAt = Date.now();
  await zenLead.process.stop('SIGTERM', 20_000);
  expect(Date.now() - askedAt).toBeLessThan(5_000);
});

test('zen-lead catches up with what happened while it was away', async () => {
  const { namespace, first, zenLead } = await startLed();
  await zenLead.process.stop('SIGKILL');
  await first.kill();
  expect(await staysSo(() => readLeader(namespace), 500)).toBe('web-0');
  await start();
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
});

test('a timer that died with zen-lead is set again', async () => {
  const { namespace, first, zenLead } = await startLed();
  await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/failover-min-delay=5s');
  await first.setReady(false);
  await zenLead.process.stop('SIGKILL');
  await start();
  await expect.poll(() => readLeader(namespace)).toBe('web-1');
});

test('zen-lead carries out an opt-out that happened while it was away', async () => {
  const { namespace, zenLead } = await startLed();
  await zenLead.process.stop('SIGKILL');
  await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/enabled-');
  await start();
  await expect.poll(() => listServiceNames(namespace)).toEqual(['web']);
  await expect.poll(() => listSlices(namespace, 'web-leader')).toEqual([]);
});

test('a rename while zen-lead was away leaves nothing behind', async () => {
  const { namespace, zenLead } = await startLed();
  await zenLead.process.stop('SIGKILL');
  await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/leader-service-name=primary');
  await start();
  await expect.poll(() => readLeader(namespace, 'primary')).toBe('web-0');
  await expect.poll(() => listServiceNames(namespace)).toEqual(['primary', 'web']);
  await expect.poll(() => listSlices(namespace, 'web-leader')).toEqual([]);
});

test('a restart of the API server moves nothing, and failover works after it', async () => {
  const { namespace, first, zenLead } = await startLed();
  const before = await readVersions(namespace);
  await controlPlane().stopApiServer('SIGTERM');
  await controlPlane().startApiServer();
  expect(await staysSo(() => readVersions(namespace))).toBe(before);
  await first.setReady(false);
  await expect.poll(() => readLeader(namespace), { timeout: 60_000 }).toBe('web-1');
  expect(zenLead.process.ended()).toBeUndefined();
});

test('zen-lead fails over once the API server is back, when the leader died during its absence', async () => {
  const { namespace, first, second, zenLead } = await startLed();
  await first.setReady(false);
  await controlPlane().stopApiServer('SIGKILL'); // before or after the route was written
  await controlPlane().startApiServer();
  // a status write that changes nothing but proves that the server takes writes
  await second.setReady(true);
  await expect.poll(() => readLeader(namespace), { timeout: 60_000 }).toBe('web-1');
  await expect.poll(() => zenLead.isReady(), { timeout: 60_000 }).toBe(true);
});

test('zen-lead started before its API server waits for it', async () => {
  stories += 1;
  const namespace = await createNamespace(controlPlane(), `restart-${stories}`);
  await startPod(namespace, { name: 'web-0' });
  await namespace.apply(aService());
  await controlPlane().stopApiServer('SIGTERM');
  const starting = start();
  await new Promise((resolve) => setTimeout(resolve, 3_000)); // it has met a closed port by now
  await controlPlane().startApiServer();
  const zenLead = await starting;
  await expect.poll(() => readLeader(namespace), { timeout: 60_000 }).toBe('web-0');
  expect(zenLead.process.ended()).toBeUndefined();
});
