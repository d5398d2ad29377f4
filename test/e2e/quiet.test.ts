/**
 * Nothing is written while nothing that matters changes. DESIGN section 12.1 (idempotent after its own patch), on a real API server.
 *
 * Without kube-controller-manager: every write that the API server counts is zen-lead's or the story's.
 */

import { expect, test } from 'vitest';
import { aService } from './aService.ts';
import type { Namespace } from './createNamespace.ts';
import { listSlices, readService } from './readObjects.ts';
import { readLeader } from './readRoute.ts';
import { type Pod, startPod } from './startPod.ts';
import { staysSo } from './staysSo.ts';
import { useZenLead } from './useZenLead.ts';

const world = useZenLead({ controllerManager: false });
/** Everything is looked at again every 30 s. */
const overAResyncMs = 35_000;

test('nothing is written over a resync and a while of noise on pods, Services and nodes', async () => {
  const namespace = await world.namespace();
  const pods = [await startPod(namespace, { name: 'web-0' }), await startPod(namespace, { name: 'web-1' })];
  await namespace.apply(aService({ annotations: { followers: 'true' }, spec: { ipFamilyPolicy: 'PreferDualStack' } }));
  await expect.poll(() => readLeader(namespace, 'web-followers')).toBe('web-1');
  await expect
    .poll(async () => (await readService(namespace, 'web-leader'))?.metadata.annotations)
    .toHaveProperty(['zen-lead.io/announced-epoch']);
  const before = await staysSo(() => readVersions(namespace), 500);
  const writesBefore = await countWrites();

  const noise = setInterval(() => {
    for (const pod of pods) void makeNoise(namespace, pod);
  }, 500);
  try {
    expect(await staysSo(() => readVersions(namespace), overAResyncMs)).toEqual(before);
  } finally {
    clearInterval(noise);
  }
  expect(await countWrites()).toEqual(writesBefore);
});

async function readVersions(namespace: Namespace): Promise<readonly string[]> {
  const names = ['web-leader', 'web-followers'];
  const services = await Promise.all(names.map((name) => readService(namespace, name)));
  const slices = (await Promise.all(names.map((name) => listSlices(namespace, name)))).flat();
  return [...services, ...slices].map((each) => `${each?.metadata.name} ${each?.metadata.resourceVersion}`);
}

/** A status write that says nothing about Ready, as probes and metrics agents make them. */
async function makeNoise(namespace: Namespace, pod: Pod): Promise<void> {
  await namespace.request('PATCH', `${namespace.core('pods')}/${pod.name}`, {
    metadata: { annotations: { 'example.com/seen-at': String(Date.now()) } },
  });
  await namespace.request('PATCH', '/api/v1/nodes/node-a/status', {
    status: { images: [{ names: [String(Date.now())] }] },
  });
}

/** Writes that the API server has seen, by resource: also those that changed nothing and so left no version behind. */
async function countWrites(): Promise<Readonly<Record<string, number>>> {
  const page = String(await world.controlPlane().request('GET', '/metrics'));
  const counts: Record<string, number> = { endpointslices: 0, services: 0, events: 0 };
  for (const line of page.split('\n')) {
    const [, resource = '', verb = ''] =
      /^apiserver_request_total\{.*resource="(endpointslices|services|events)".*verb="(\w+)"/.exec(line) ?? [];
    if (!['PATCH', 'APPLY', 'POST', 'PUT', 'DELETE'].includes(verb)) continue;
    counts[resource] = (counts[resource] ?? 0) + Number(line.split(' ').at(-1));
  }
  return counts;
}
