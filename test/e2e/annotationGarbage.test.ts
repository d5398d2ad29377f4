/**
 * Tests that a value that cannot be read never moves a leader, and is named.
 * docs/reference/annotations.md#unreadable-values.
 */

import { describe, expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEvents } from '../support/controlPlane/listEvents.ts';
import { listServiceNames, listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();

/** Reads everything that garbage must not change: the objects, their uids, and the route. */
async function readAllOfIt(namespace: Namespace) {
  return {
    services: await listServiceNames(namespace),
    uid: (await readService(namespace, 'web-leader'))?.metadata.uid,
    spec: (await readService(namespace, 'web-leader'))?.spec,
    slices: (await listSlices(namespace, 'web-leader')).map(({ metadata, endpoints, ports }) => ({
      uid: metadata.uid,
      endpoints,
      ports,
    })),
    followers: (await listSlices(namespace, 'web-followers')).map(({ endpoints }) => endpoints),
  };
}

async function readWarnings(namespace: Namespace): Promise<string> {
  const events = await listEvents(namespace);
  return events
    .filter(({ type, reason }) => type === 'Warning' && reason === 'InvalidAnnotation')
    .map(({ note }) => note)
    .join('\n');
}

describe('an annotation that cannot be read', () => {
  test.each([
    ['enabled', 'ture'],
    ['enabled', 'TRUE'],
    ['enabled', ''],
    ['leader-service-name', 'Not A Name!'],
    ['leader-service-name', ''],
    ['sticky', 'no'],
    ['strategy', 'youngest'],
    ['min-ready-duration', '5'],
    ['min-ready-duration', '-5s'],
    ['failover-min-delay', 'a while'],
    ['no-leader', 'keep'],
    ['ports-mode', 'loose'],
    ['pin-leader', '../web-1'],
    ['paused', 'yes'],
    ['followers', 'Yes Please'],
    ['leader-service-type', 'ExternalName'],
    ['health-check', 'http://web-0:80/health'],
    ['health-check-interval', '1ms'],
    ['health-check-timeout', '2m'],
    ['health-check-failure-threshold', '0'],
    ['health-check-success-threshold', 'two'],
    ['role-check', 'redis://web-0:6379'],
    ['role-check-send', '\\q'],
    ['on-cordon', 'go'],
    ['on-demote', 'kill'],
  ])('an annotation %s=%j moves nothing, removes nothing, and is named', async (key, value) => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService({ annotations: { followers: 'true' } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await expect.poll(() => readLeader(namespace, 'web-followers')).toBe('web-1');
    const before = await readAllOfIt(namespace);

    await namespace.kubectl('annotate', '--overwrite', 'service', 'web', `zen-lead.io/${key}=${value}`);
    await expect.poll(() => readWarnings(namespace)).toContain(`zen-lead.io/${key}`);
    expect(await staysSo(() => readAllOfIt(namespace), 500)).toEqual(before);
  });

  test('a misspelt opt-in creates nothing', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ annotations: { enabled: 'ture' } }));
    await expect.poll(() => readWarnings(namespace)).toContain('ture');
    expect(await staysSo(() => listServiceNames(namespace))).toEqual(['web']);
  });

  test('an unreadable annotation does not keep the next pod from leading when the leader dies', async () => {
    const namespace = await world.namespace();
    const first = await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService({ annotations: { strategy: 'youngest', 'failover-min-delay': 'soon' } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await first.setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });

  test('a health check that cannot be read is named, and Ready alone decides', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ annotations: { 'health-check': 'http://web-0:80/health' } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await expect.poll(() => readWarnings(namespace)).toContain('zen-lead.io/health-check');
  });
});
