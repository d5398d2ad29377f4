/**
 * Tests every type of source Service, and a source that changes from one to another.
 * docs/reference/objects.md#leader-service.
 */

import { describe, expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEventReasons } from '../support/controlPlane/listEvents.ts';
import { listServiceNames, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader, readRoute } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();

async function readLeaderSpec(namespace: Namespace) {
  return (await readService(namespace, 'web-leader'))?.spec;
}

function patchSource(namespace: Namespace, spec: object): Promise<string> {
  return namespace.kubectl('patch', 'service', 'web', '--type=merge', '--patch', JSON.stringify({ spec }));
}

describe('sources', () => {
  test('a headless source gets a leader Service with a ClusterIP', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ spec: { clusterIP: 'None' } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    expect((await readLeaderSpec(namespace))?.clusterIP).toMatch(/^10\.96\./);
  });

  test('a headless source without ports gets a headless leader Service', async () => {
    const namespace = await world.namespace();
    const pod = await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ spec: { clusterIP: 'None', ports: [] } }));
    await expect
      .poll(() => readRoute(namespace, 'web-leader'))
      .toEqual([{ addressType: 'IPv4', pod: 'web-0', address: pod.ipv4, ports: [] }]);
    expect((await readLeaderSpec(namespace))?.clusterIP).toBe('None');
  });

  test('a headless source that gets ports gets a new leader Service with a ClusterIP', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ spec: { clusterIP: 'None', ports: [] } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await patchSource(namespace, { ports: [{ port: 80, targetPort: 8080 }] });
    await expect.poll(async () => (await readLeaderSpec(namespace))?.clusterIP).toMatch(/^10\.96\./);
    await expect.poll(async () => (await readRoute(namespace, 'web-leader'))[0]?.ports).toEqual(['8080/TCP']);

    await patchSource(namespace, { ports: null });
    await expect.poll(async () => (await readLeaderSpec(namespace))?.clusterIP).toBe('None');
    await expect.poll(async () => (await readRoute(namespace, 'web-leader'))[0]?.ports).toEqual([]);
    expect(await readLeader(namespace)).toBe('web-0');
  });

  test.each(['NodePort', 'LoadBalancer'])(
    'a %s source gets a ClusterIP leader Service without its node port',
    async (type) => {
      const namespace = await world.namespace();
      await startPod(namespace, { name: 'web-0' });
      await namespace.apply(aService({ spec: { type } }));
      await expect.poll(() => readLeader(namespace)).toBe('web-0');
      const [source, leader] = [await readService(namespace, 'web'), await readLeaderSpec(namespace)];
      expect(source?.spec.ports[0]?.nodePort).toBeGreaterThan(0);
      expect(leader?.type).toBe('ClusterIP');
      expect(leader?.ports[0]?.nodePort).toBeUndefined();
    },
  );

  test('an ExternalName source is refused and reported', async () => {
    const namespace = await world.namespace();
    await namespace.apply(
      aService({
        spec: { type: 'ExternalName', externalName: 'db.example.com', selector: undefined, ports: undefined },
      }),
    );
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning InvalidService');
    expect(await staysSo(() => listServiceNames(namespace))).toEqual(['web']);
  });

  test('a source without selector is refused and reported', async () => {
    const namespace = await world.namespace();
    await namespace.apply(aService({ spec: { selector: undefined } }));
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning InvalidService');
    expect(await staysSo(() => listServiceNames(namespace))).toEqual(['web']);
  });

  test('a source that loses its selector routes to no pod, and has a leader again when it has a selector', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const uid = (await readService(namespace, 'web-leader'))?.metadata.uid;

    await patchSource(namespace, { selector: null });
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    await patchSource(namespace, { selector: { app: 'web' } });
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    expect((await readService(namespace, 'web-leader'))?.metadata.uid).toBe(uid);
  });

  test('a source that becomes an ExternalName routes to no pod, and has a leader again when it stops being one', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');

    await patchSource(namespace, { type: 'ExternalName', externalName: 'db.example.com', selector: null });
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    await patchSource(namespace, { type: 'ClusterIP', externalName: null, selector: { app: 'web' } });
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
  });

  test('a source that becomes a NodePort, a LoadBalancer and a ClusterIP again moves nothing', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const before = await readService(namespace, 'web-leader');
    for (const type of ['NodePort', 'LoadBalancer', 'ClusterIP']) {
      await patchSource(namespace, { type });
      expect(await staysSo(() => readLeader(namespace), 300)).toBe('web-0');
    }
    const after = await readService(namespace, 'web-leader');
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(after?.spec).toEqual(before?.spec);
  });

  test('a source that is deleted and made again under the same name has a leader again', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await namespace.kubectl('delete', 'service', 'web');
    await namespace.apply(aService());
    const uid = (await readService(namespace, 'web'))?.metadata.uid;
    await expect
      .poll(async () => (await readService(namespace, 'web-leader'))?.metadata.ownerReferences[0]?.uid)
      .toBe(uid);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
  });
});
