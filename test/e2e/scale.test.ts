/**
 * Tests many Services at once, and a large one. It times nothing: all of it has to arrive.
 */

import { expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type Pod, startPod } from '../support/controlPlane/startPod.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();

test('fifty leaders lost at once are all replaced, as when a node goes', async () => {
  const namespace = await world.namespace();
  const names = Array.from({ length: 50 }, (_, i) => `shop-${i}`);
  const leaders = new Map<string, Pod>();
  for (const name of names) {
    leaders.set(name, await startPod(namespace, { name: `${name}-0`, labels: { app: name }, node: 'node-a' }));
    await startPod(namespace, { name: `${name}-1`, labels: { app: name }, node: 'node-b' });
  }
  await namespace.apply(...names.map((name) => aService({ name, spec: { selector: { app: name } } })));
  const readAll = () => Promise.all(names.map((name) => readLeader(namespace, `${name}-leader`)));
  await expect.poll(readAll).toEqual(names.map((name) => `${name}-0`));

  await Promise.all([...leaders.values()].map((pod) => pod.setReady(false)));
  await expect.poll(readAll).toEqual(names.map((name) => `${name}-1`));
  // Announcements come in the low lane, after every route; they come all the same.
  await expect
    .poll(() => Promise.all(names.map((name) => readAnnounced(namespace, name))))
    .toEqual(names.map((name) => `${name}-1`));
});

async function readAnnounced(namespace: Namespace, name: string): Promise<string | undefined> {
  return (await readService(namespace, `${name}-leader`))?.metadata.annotations['zen-lead.io/leader-pod-name'];
}

test('a Service with more pods than an event can carry has a leader, and fails over', async () => {
  const namespace = await world.namespace();
  const pods: Pod[] = [];
  // About 300 B each make well over the 64 KiB that a CloudEvent may have.
  for (let i = 100; i < 400; i += 1) pods.push(await startPod(namespace, { name: `web-${i}` }));
  await namespace.apply(aService({ annotations: { followers: 'true' } }));
  await expect.poll(() => readLeader(namespace)).toBe('web-100');
  const countFollowers = async () =>
    (await listSlices(namespace, 'web-followers')).reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  await expect.poll(countFollowers).toBe(299);

  await pods[0]?.kill();
  await expect.poll(() => readLeader(namespace)).toBe('web-101');
  await expect.poll(countFollowers).toBe(298);
});
