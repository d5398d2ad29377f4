/**
 * Tests IPv4, IPv6 and dual-stack. docs/reference/objects.md#endpointslices (one slice a family);
 * docs/guarantees.md (S1).
 */

import { describe, expect, test } from 'vitest';
import { listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader, readRoute } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();
const ipv6Only = { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' };
const dualStack = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' };

describe('address families', () => {
  test('an IPv6 Service over dual-stack pods routes to their IPv6 address', async () => {
    const namespace = await world.namespace();
    const pod = await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ spec: ipv6Only }));
    await expect
      .poll(() => readRoute(namespace, 'web-leader'))
      .toEqual([{ addressType: 'IPv6', pod: 'web-0', address: pod.ipv6, ports: ['8080/TCP'] }]);
    expect((await readService(namespace, 'web-leader'))?.spec).toMatchObject(ipv6Only);
    expect((await listSlices(namespace, 'web-leader'))[0]?.metadata.name).toBe('web-leader-ipv6');
  });

  test('a dual-stack Service routes both families to one pod, before and after a failover', async () => {
    const namespace = await world.namespace();
    const first = await startPod(namespace, { name: 'web-0' });
    const second = await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService({ spec: dualStack }));
    for (const [leader, other] of [
      [first, second],
      [second, first],
    ] as const) {
      await leader.setReady(true);
      await other.setReady(false);
      await expect
        .poll(() => readRoute(namespace, 'web-leader'))
        .toEqual([
          { addressType: 'IPv4', pod: leader.name, address: leader.ipv4, ports: ['8080/TCP'] },
          { addressType: 'IPv6', pod: leader.name, address: leader.ipv6, ports: ['8080/TCP'] },
        ]);
      const slices = await listSlices(namespace, 'web-leader');
      const epochs = slices.map(({ metadata }) => metadata.annotations['zen-lead.io/epoch']);
      expect(epochs[0]).toBe(epochs[1]);
    }
    const { clusterIPs } = (await readService(namespace, 'web-leader'))?.spec ?? {};
    expect(clusterIPs).toHaveLength(2);
  });

  test('the primary family of the source is that of the leader Service and of the record', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ spec: { ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' } }));
    await expect.poll(async () => (await readRoute(namespace, 'web-leader')).length).toBe(2);
    expect((await readService(namespace, 'web-leader'))?.spec.ipFamilies).toEqual(['IPv6', 'IPv4']);
    const listRecords = async () => {
      const slices = await listSlices(namespace, 'web-leader');
      const records = slices.filter(({ metadata }) => 'zen-lead.io/leader-pod-uid' in metadata.annotations);
      return records.map(({ metadata }) => metadata.name);
    };
    await expect.poll(listRecords).toEqual(['web-leader-ipv6']);
  });

  test('a pod without the second family leaves that slice empty', async () => {
    const namespace = await world.namespace();
    const pod = await startPod(namespace, { name: 'web-0', families: ['IPv4'] });
    await namespace.apply(aService({ spec: dualStack }));
    await expect
      .poll(() => readRoute(namespace, 'web-leader'))
      .toEqual([
        expect.objectContaining({ addressType: 'IPv4', pod: 'web-0', address: pod.ipv4 }),
        expect.objectContaining({ addressType: 'IPv6', pod: null }),
      ]);
  });

  test('a pod without the primary family does not lead', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0', families: ['IPv6'] });
    await namespace.apply(aService({ spec: dualStack }));
    await expect.poll(async () => (await readRoute(namespace, 'web-leader')).length).toBe(2);
    expect(await readLeader(namespace)).toBe('no pod');
    await startPod(namespace, { name: 'web-1' });
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });

  test('the leader Service follows a source that becomes dual-stack, and single-stack again', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const uid = (await readService(namespace, 'web-leader'))?.metadata.uid;

    await namespace.kubectl('patch', 'service', 'web', '--patch', JSON.stringify({ spec: dualStack }));
    await expect.poll(async () => (await readRoute(namespace, 'web-leader')).length).toBe(2);
    await expect
      .poll(async () => (await readService(namespace, 'web-leader'))?.spec)
      .toMatchObject({ ...dualStack, clusterIPs: [expect.any(String), expect.any(String)] });

    const single = { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' };
    await namespace.kubectl('patch', 'service', 'web', '--patch', JSON.stringify({ spec: single }));
    await expect.poll(async () => (await readRoute(namespace, 'web-leader')).length).toBe(1);
    await expect.poll(async () => (await readService(namespace, 'web-leader'))?.spec).toMatchObject(single);
    expect((await readService(namespace, 'web-leader'))?.metadata.uid).toBe(uid);
    expect(await readLeader(namespace)).toBe('web-0');
  });
});
