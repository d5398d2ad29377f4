/**
 * Objects that are being deleted and wait for a finalizer: every Service of type LoadBalancer has
 * one. They route until they are gone. docs/guarantees.md (S2, S6).
 */

import { expect, test } from 'vitest';
import { listEventReasons, listEvents } from '../support/controlPlane/listEvents.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();
const finalizers = JSON.stringify({ metadata: { finalizers: ['example.com/held'] } });
const release = JSON.stringify({ metadata: { finalizers: null } });

test('a source that waits for a finalizer fails over, and routes to no pod when all are gone', async () => {
  const namespace = await world.namespace();
  const pods = [await startPod(namespace, { name: 'web-0' }), await startPod(namespace, { name: 'web-1' })];
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await namespace.kubectl('patch', 'service', 'web', '--type=merge', '--patch', finalizers);
  await namespace.kubectl('delete', 'service', 'web', '--wait=false');

  await pods[0]?.kill();
  await expect.poll(() => readLeader(namespace), { message: 'fails over' }).toBe('web-1');
  await pods[1]?.kill();
  await expect.poll(() => readLeader(namespace), { message: 'routes to no pod' }).toBe('no pod');

  await namespace.kubectl('patch', 'service', 'web', '--type=merge', '--patch', release);
  await expect
    .poll(() => namespace.kubectl('get', 'services,endpointslices', '--output=name'), { message: 'takes all with it' })
    .toBe('');
});

test('a leader slice that waits for a finalizer follows the leader, and announces only what it routes', async () => {
  const namespace = await world.namespace();
  const pod = await startPod(namespace, { name: 'web-0' });
  await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await namespace.kubectl('patch', 'endpointslice', 'web-leader-ipv4', '--type=merge', '--patch', finalizers);
  await namespace.kubectl('delete', 'endpointslice', 'web-leader-ipv4', '--wait=false');

  await pod.kill();
  await expect.poll(() => readLeader(namespace), { message: 'fails over' }).toBe('web-1');
  await expect.poll(() => listEventReasons(namespace), { message: 'announces it' }).toContain('Normal LeaderChanged');
  await staysSo(async () => (await listEvents(namespace)).length);

  await namespace.kubectl('patch', 'endpointslice', 'web-leader-ipv4', '--type=merge', '--patch', release);
  await expect.poll(() => readLeader(namespace), { message: 'makes the slice again' }).toBe('web-1');
});

test.each([
  ['is opted out of', { enabled: 'false' }],
  ['has renamed its leader Service', { 'leader-service-name': 'other' }],
])('a slice that waits for a finalizer routes to no pod once its source %s', async (_, annotations) => {
  const namespace = await world.namespace();
  await startPod(namespace, { name: 'web-0' });
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await namespace.kubectl('patch', 'endpointslice', 'web-leader-ipv4', '--type=merge', '--patch', finalizers);
  await namespace.apply(aService({ annotations }));
  await expect.poll(() => readLeader(namespace), { message: 'routes to no pod' }).toBe('no pod');
  await namespace.kubectl('patch', 'endpointslice', 'web-leader-ipv4', '--type=merge', '--patch', release);
  await expect.poll(() => readLeader(namespace), { message: 'is gone' }).toBe('no slice');
});
