/**
 * Tests that named target ports are resolved on the pod that leads. docs/reference/annotations.md
 * (`ports-mode`); docs/reference/objects.md#endpointslices.
 */

import { describe, expect, test } from 'vitest';
import { listEvents } from '../support/controlPlane/listEvents.ts';
import { readService } from '../support/controlPlane/readObjects.ts';
import { readLeader, readRoute } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { watchRoutes } from '../support/controlPlane/watchRoutes.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();
const http = { name: 'http', port: 80, targetPort: 'http' };
const metrics = { name: 'metrics', port: 9090, targetPort: 'metrics' };

describe('ports', () => {
  test('named ports are those of the pod that leads, in the same write as its address', async () => {
    const namespace = await world.namespace();
    const first = await startPod(namespace, { name: 'web-0', ports: [{ name: 'http', containerPort: 8080 }] });
    const second = await startPod(namespace, { name: 'web-1', ports: [{ name: 'http', containerPort: 9080 }] });
    await namespace.apply(aService({ spec: { ports: [http] } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');

    const watched = await watchRoutes(world.controlPlane(), namespace, 'web-leader');
    await first.setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    await expect.poll(() => watched.seen().at(-1)).toContain(second.ipv4);
    expect([...new Set(watched.seen())]).toEqual([`${first.ipv4} http 8080/TCP`, `${second.ipv4} http 9080/TCP`]);
    await watched.close();
  });

  test('named ports are found on a restartable init container', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0', sidecarPorts: [{ name: 'http', containerPort: 15001 }] });
    await namespace.apply(aService({ spec: { ports: [http] } }));
    await expect.poll(async () => (await readRoute(namespace, 'web-leader'))[0]?.ports).toEqual(['http 15001/TCP']);
    expect(await readLeader(namespace)).toBe('web-0');
  });

  test('one port name for TCP and for UDP is two ports', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, {
      name: 'web-0',
      ports: [
        { name: 'dns', containerPort: 53, protocol: 'TCP' },
        { name: 'dns-udp', containerPort: 5353, protocol: 'UDP' },
      ],
    });
    await namespace.apply(
      aService({
        spec: {
          ports: [
            { name: 'tcp', port: 53, targetPort: 'dns', protocol: 'TCP' },
            { name: 'udp', port: 53, targetPort: 'dns-udp', protocol: 'UDP' },
          ],
        },
      }),
    );
    await expect
      .poll(async () => (await readRoute(namespace, 'web-leader'))[0]?.ports)
      .toEqual(['tcp 53/TCP', 'udp 5353/UDP']);
  });

  test('a pod whose ports cannot be resolved does not lead (strict), and another one takes over', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0', ports: [{ name: 'http', containerPort: 8080 }] });
    await namespace.apply(aService({ spec: { ports: [http, metrics] } }));
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    await expect
      .poll(async () => (await listEvents(namespace)).map(({ reason }) => reason))
      .toContain('PortResolutionFailed');

    await startPod(namespace, {
      name: 'web-1',
      ports: [
        { name: 'http', containerPort: 8080 },
        { name: 'metrics', containerPort: 9090 },
      ],
    });
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });

  test('only the ports that cannot be resolved are left out (lenient)', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0', ports: [{ name: 'http', containerPort: 8080 }] });
    await namespace.apply(aService({ annotations: { 'ports-mode': 'lenient' }, spec: { ports: [http, metrics] } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    expect((await readRoute(namespace, 'web-leader'))[0]?.ports).toEqual(['http 8080/TCP']);

    await namespace.kubectl('annotate', '--overwrite', 'service', 'web', 'zen-lead.io/ports-mode=strict');
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
  });

  test('the leader Service follows changed ports of the source', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await namespace.apply(
      aService({
        spec: {
          ports: [
            { name: 'https', port: 443, targetPort: 8443 },
            { name: 'http', port: 8000, targetPort: 8080 },
          ],
        },
      }),
    );
    await expect
      .poll(async () => (await readRoute(namespace, 'web-leader'))[0]?.ports)
      .toEqual(['https 8443/TCP', 'http 8080/TCP']);
    expect((await readService(namespace, 'web-leader'))?.spec.ports.map(({ name, port }) => [name, port])).toEqual([
      ['https', 443],
      ['http', 8000],
    ]);
    expect(await readLeader(namespace)).toBe('web-0');
  });
});
