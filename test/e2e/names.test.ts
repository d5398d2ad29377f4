/**
 * Tests names: a chosen one, one that is taken, one that two Services want. What is not ours stays
 * byte for byte. docs/reference/objects.md#what-is-ours; docs/guarantees.md (S7).
 */

import { describe, expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEventReasons } from '../support/controlPlane/listEvents.ts';
import { listServiceNames, listSlices } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();

function rename(namespace: Namespace, name: string): Promise<string> {
  return namespace.kubectl('annotate', '--overwrite', 'service', 'web', `zen-lead.io/leader-service-name=${name}`);
}

/** Reads an object byte for byte, managed fields included. */
function readWhole(namespace: Namespace, kind: string, name: string): Promise<string> {
  return namespace.kubectl('get', kind, name, '-o', 'json', '--show-managed-fields');
}

describe('leader-service-name', () => {
  test('leader-service-name names the leader Service, and a rename leaves nothing behind', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const epoch = (await listSlices(namespace, 'web-leader'))[0]?.metadata.annotations['zen-lead.io/epoch'];

    await rename(namespace, 'primary');
    await expect.poll(() => readLeader(namespace, 'primary')).toBe('web-0');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['primary', 'web']);
    await expect.poll(() => listSlices(namespace, 'web-leader')).toEqual([]);
    const renamed = (await listSlices(namespace, 'primary'))[0]?.metadata.annotations['zen-lead.io/epoch'];
    expect(Number(renamed)).toBeGreaterThan(Number(epoch));

    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/leader-service-name-');
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web', 'web-leader']);
    await expect.poll(() => listSlices(namespace, 'primary')).toEqual([]);
  });

  test('a default name that is too long is refused, and leader-service-name gives another one', async () => {
    const namespace = await world.namespace();
    const name = `web-${'x'.repeat(58)}`; // 62 characters: `-leader` makes 69
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ name }));
    await expect.poll(async () => (await listEventReasons(namespace, name)).length).toBeGreaterThan(0);
    expect(await staysSo(() => listServiceNames(namespace))).toEqual([name]);
    await namespace.kubectl('annotate', 'service', name, 'zen-lead.io/leader-service-name=short');
    await expect.poll(() => readLeader(namespace, 'short')).toBe('web-0');
  });

  test('leader-service-name refuses the name of the source, and the source stays as it is', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ annotations: { 'leader-service-name': 'web' } }));
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning NameConflict');
    const before = await readWhole(namespace, 'service', 'web');
    await staysSo(() => listServiceNames(namespace));
    expect(await readWhole(namespace, 'service', 'web')).toBe(before);
  });
});

describe('a name that is taken', () => {
  test('a foreign Service with the name stays byte for byte as it was, and the name is taken over once it is free', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'db', labels: { team: 'storage' } },
      spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] },
    });
    const before = await readWhole(namespace, 'service', 'db');
    await namespace.apply(aService({ annotations: { 'leader-service-name': 'db' } }));
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning NameConflict');
    await staysSo(() => listServiceNames(namespace));
    expect(await readWhole(namespace, 'service', 'db')).toBe(before);
    expect((await listSlices(namespace, 'db')).every(({ endpoints }) => endpoints.length === 0)).toBe(true);

    await namespace.kubectl('delete', 'service', 'db');
    await expect.poll(() => readLeader(namespace, 'db')).toBe('web-0');
  });

  test('the present leader Service keeps its name when the new name is taken', async () => {
    const namespace = await world.namespace();
    const first = await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'web-1' });
    await namespace.apply(aService(), aService({ name: 'db', annotations: { enabled: null } }));
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const before = await readWhole(namespace, 'service', 'db');
    await rename(namespace, 'db');
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning NameConflict');
    await first.setReady(false);
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    expect(await readWhole(namespace, 'service', 'db')).toBe(before);
  });

  test('two sources do not fight over one name, and the second gets it when the first opts out', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await startPod(namespace, { name: 'other-0', labels: { app: 'other' } });
    await namespace.apply(aService({ annotations: { 'leader-service-name': 'shared' } }));
    await expect.poll(() => readLeader(namespace, 'shared')).toBe('web-0');
    await namespace.apply(
      aService({
        name: 'other',
        annotations: { 'leader-service-name': 'shared' },
        spec: { selector: { app: 'other' } },
      }),
    );
    await expect.poll(() => listEventReasons(namespace, 'other')).toContain('Warning NameConflict');
    // The first reconcile after `announced` writes annotations. Whose the object is, and how often
    // it changes, must stay.
    await expect
      .poll(async () => (await readWhole(namespace, 'service', 'shared')).includes('announced-epoch'))
      .toBe(true);
    await staysSo(() => readWhole(namespace, 'service', 'shared'));
    expect(await readLeader(namespace, 'shared')).toBe('web-0');

    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/enabled-');
    await expect.poll(() => readLeader(namespace, 'shared')).toBe('other-0');
  });

  test('a name that a foreign EndpointSlice has is refused, and the slice stays byte for byte as it was', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'web-leader-ipv4', labels: { team: 'storage' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.2.3'] }],
      ports: [{ port: 1234 }],
    });
    const before = await readWhole(namespace, 'endpointslice', 'web-leader-ipv4');
    await namespace.apply(aService());
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning ForeignEndpointSlice');
    await staysSo(() => listEventReasons(namespace));
    expect(await readWhole(namespace, 'endpointslice', 'web-leader-ipv4')).toBe(before);

    await namespace.kubectl('delete', 'endpointslice', 'web-leader-ipv4');
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
  });

  test('a foreign slice of the leader Service is reported, and stays', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await namespace.apply({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'extra', labels: { 'kubernetes.io/service-name': 'web-leader' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.2.3'] }],
      ports: [{ port: 1234 }],
    });
    const before = await readWhole(namespace, 'endpointslice', 'extra');
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning ForeignEndpointSlice');
    expect(await staysSo(() => readWhole(namespace, 'endpointslice', 'extra'))).toBe(before);
    expect(await readLeader(namespace)).toBe('web-0');
  });
});
