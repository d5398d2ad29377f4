/**
 * Tests the followers Service and the type of the leader Service.
 * docs/reference/objects.md#followers; docs/reference/annotations.md.
 */

import { describe, expect, test } from 'vitest';
import { listServiceNames, listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();

describe('followers', () => {
  test('followers are every other Ready pod, before and after a failover', async () => {
    const namespace = await world.namespace();
    const first = await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await startPod(namespace, { name: 'web-2' });
    await startPod(namespace, { name: 'web-3', ready: false });
    await namespace.apply(aService({ annotations: { followers: 'true' } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await expect.poll(() => readLeader(namespace, 'web-followers')).toBe('web-1 and web-2');
    const service = await readService(namespace, 'web-followers');
    expect(service?.spec.selector).toBeUndefined();
    expect(service?.spec.ports).toEqual((await readService(namespace, 'web-leader'))?.spec.ports);

    await first.kill();
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    await expect.poll(() => readLeader(namespace, 'web-followers')).toBe('web-2');
    await namespace.kubectl('delete', 'pod', 'web-2', '--grace-period=0', '--force');
    await expect.poll(() => readLeader(namespace, 'web-followers')).toBe('no pod');
  });

  test('the annotation names the followers Service, which goes when the annotation goes', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService({ annotations: { followers: 'web-readers' } }));
    await expect.poll(() => readLeader(namespace, 'web-readers')).toBe('web-1');

    await namespace.kubectl('annotate', '--overwrite', 'service', 'web', 'zen-lead.io/followers=true');
    await expect.poll(() => readLeader(namespace, 'web-followers')).toBe('web-1');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web', 'web-followers', 'web-leader']);
    expect(await listSlices(namespace, 'web-readers')).toEqual([]);

    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/followers-');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web', 'web-leader']);
    await expect.poll(() => listSlices(namespace, 'web-followers')).toEqual([]);
    expect(await readLeader(namespace)).toBe('web-0');
  });
});

describe('leader-service-type', () => {
  test.each(['NodePort', 'LoadBalancer'])(
    '%s gives the leader Service that type, with a node port of its own',
    async (type) => {
      const namespace = await world.namespace();
      await startPod(namespace, { name: 'web-0' });
      await namespace.apply(aService({ annotations: { 'leader-service-type': type }, spec: { type: 'NodePort' } }));
      await expect.poll(() => readLeader(namespace)).toBe('web-0');
      const [source, leader] = [await readService(namespace, 'web'), await readService(namespace, 'web-leader')];
      expect(leader?.spec.type).toBe(type);
      expect(leader?.spec.ports[0]?.nodePort).toBeGreaterThan(0);
      expect(leader?.spec.ports[0]?.nodePort).not.toBe(source?.spec.ports[0]?.nodePort);
    },
  );

  test('leader-service-type can change there and back without a new leader Service', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const uid = (await readService(namespace, 'web-leader'))?.metadata.uid;
    for (const type of ['NodePort', 'LoadBalancer', 'ClusterIP']) {
      await namespace.kubectl('annotate', '--overwrite', 'service', 'web', `zen-lead.io/leader-service-type=${type}`);
      await expect.poll(async () => (await readService(namespace, 'web-leader'))?.spec.type).toBe(type);
    }
    expect((await readService(namespace, 'web-leader'))?.metadata.uid).toBe(uid);
    expect((await readService(namespace, 'web-leader'))?.spec.ports[0]?.nodePort).toBeUndefined();
    expect(await readLeader(namespace)).toBe('web-0');
  });

  test('LoadBalancer keeps what has been announced on the slice, so that a cloud controller has nothing to do', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ annotations: { 'leader-service-type': 'LoadBalancer' } }));
    await expect
      .poll(async () => (await listSlices(namespace, 'web-leader'))[0]?.metadata.annotations)
      .toHaveProperty(['zen-lead.io/announced-epoch']);
    expect((await readService(namespace, 'web-leader'))?.metadata.annotations).toEqual({});
  });
});
