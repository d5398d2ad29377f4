/**
 * Tests that zen-lead repairs what a user edits or deletes of its objects.
 * docs/reference/objects.md; docs/guarantees.md (L1).
 */

import { describe, expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEventReasons } from '../support/controlPlane/listEvents.ts';
import {
  listServiceNames,
  listSlices,
  readService,
  type Service,
  type Slice,
} from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();

/**
 * web-0 leads, web-1 is Ready beside it, and everything has been announced: none of our writes is
 * due.
 */
async function startSettled(): Promise<Namespace> {
  const namespace = await world.namespace();
  await startPod(namespace, { name: 'web-0' });
  await startPod(namespace, { name: 'web-1' });
  await namespace.apply(aService());
  await expect
    .poll(async () => (await readService(namespace, 'web-leader'))?.metadata.annotations)
    .toHaveProperty(['zen-lead.io/announced-epoch']);
  return namespace;
}

/**
 * Reads what a repair has to bring back: everything but versions, and the epoch, which may only
 * grow.
 */
async function readState(namespace: Namespace) {
  const service = await readService(namespace, 'web-leader');
  const slices = await listSlices(namespace, 'web-leader');
  const { clusterIP, clusterIPs, ...spec } = service?.spec ?? {};
  return {
    service: service && { ...comparable(service), spec },
    slices: slices.map(({ addressType, endpoints, ports, ...slice }) => ({
      ...comparable(slice),
      addressType,
      endpoints,
      ports,
    })),
  };
}

function comparable({ metadata }: Pick<Service | Slice, 'metadata'>) {
  const { labels, annotations, ownerReferences, name } = metadata;
  const decided = ['leader-pod-name', 'leader-pod-uid'].map((key) => annotations[`zen-lead.io/${key}`]);
  return { name, labels, ownerReferences, decided };
}

async function readEpoch(namespace: Namespace): Promise<number> {
  const [slice] = await listSlices(namespace, 'web-leader');
  return Number(slice?.metadata.annotations['zen-lead.io/epoch']);
}

const slice = ['endpointslice', 'web-leader-ipv4'] as const;
const service = ['service', 'web-leader'] as const;
const json = (...operations: readonly object[]) => ['--type=json', '--patch', JSON.stringify(operations)] as const;
const merge = (patch: object) => ['--type=merge', '--patch', JSON.stringify(patch)] as const;

describe('what is ours is brought back as it was', () => {
  test.each<[string, readonly string[]]>([
    ['the slice is deleted', ['delete', ...slice]],
    ['the leader Service is deleted', ['delete', ...service]],
    ['the leader Service and its slice are deleted', ['delete', 'service/web-leader', 'endpointslice/web-leader-ipv4']],
    [
      'the endpoint is sent elsewhere',
      ['patch', ...slice, ...json({ op: 'replace', path: '/endpoints/0/addresses/0', value: '10.9.9.9' })],
    ],
    ['the endpoint is taken out', ['patch', ...slice, ...merge({ endpoints: [] })]],
    [
      'a second endpoint is put in',
      ['patch', ...slice, ...json({ op: 'add', path: '/endpoints/-', value: { addresses: ['10.9.9.9'] } })],
    ],
    [
      'the endpoint is marked as not ready',
      ['patch', ...slice, ...json({ op: 'replace', path: '/endpoints/0/conditions/ready', value: false })],
    ],
    ['the ports of the slice are changed', ['patch', ...slice, ...merge({ ports: [{ name: '', port: 1 }] })]],
    [
      'the slice’s leader annotations are removed',
      ['annotate', ...slice, 'zen-lead.io/leader-pod-uid-', 'zen-lead.io/leader-pod-name-'],
    ],
    [
      'the slice’s leader annotation names another pod',
      ['annotate', '--overwrite', ...slice, 'zen-lead.io/leader-pod-name=web-7'],
    ],
    ['all of the record is removed', ['patch', ...slice, ...merge({ metadata: { annotations: null } })]],
    ['the slice is taken off its Service', ['label', ...slice, 'kubernetes.io/service-name-']],
    ['the slice is hung onto another Service', ['label', '--overwrite', ...slice, 'kubernetes.io/service-name=web']],
    ['the slice loses its owner', ['patch', ...slice, ...merge({ metadata: { ownerReferences: null } })]],
    [
      'the ports of the leader Service are changed',
      ['patch', ...service, ...merge({ spec: { ports: [{ port: 81 }] } })],
    ],
    ['the leader Service loses its source-service label', ['label', ...service, 'zen-lead.io/source-service-']],
    ['the leader Service loses its owner', ['patch', ...service, ...merge({ metadata: { ownerReferences: null } })]],
    ['the leader Service is opted in itself', ['annotate', ...service, 'zen-lead.io/enabled=true']],
    ['the leader Service becomes a NodePort', ['patch', ...service, ...merge({ spec: { type: 'NodePort' } })]],
    [
      'the leader Service becomes an ExternalName',
      ['patch', ...service, ...merge({ spec: { type: 'ExternalName', externalName: 'example.com' } })],
    ],
  ])('zen-lead repairs its objects when %s', async (_, command) => {
    const namespace = await startSettled();
    const before = await readState(namespace);
    const epoch = await readEpoch(namespace);
    await namespace.kubectl(...command);
    await expect.poll(() => readState(namespace)).toEqual(before);
    expect(await readLeader(namespace)).toBe('web-0');
    expect(await readEpoch(namespace)).toBeGreaterThanOrEqual(epoch);
    expect(await listServiceNames(namespace)).toEqual(['web', 'web-leader']);
  });

  test('an epoch that a user removes or sets back does not go down', async () => {
    const namespace = await startSettled();
    const epoch = await readEpoch(namespace);
    await namespace.kubectl('annotate', '--overwrite', ...slice, 'zen-lead.io/epoch=1');
    await expect.poll(() => readEpoch(namespace)).toBeGreaterThanOrEqual(epoch);
    await namespace.kubectl('annotate', ...slice, 'zen-lead.io/epoch-');
    await expect.poll(() => readEpoch(namespace)).toBeGreaterThanOrEqual(epoch);
    expect(await readLeader(namespace)).toBe('web-0');
  });

  test('zen-lead repairs the slice of the second family from the first, when a user edits or deletes it', async () => {
    const namespace = await world.namespace();
    const pod = await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ spec: { ipFamilyPolicy: 'RequireDualStack' } }));
    await expect.poll(async () => (await listSlices(namespace, 'web-leader')).length).toBe(2);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const readSecond = async () => (await listSlices(namespace, 'web-leader'))[1]?.endpoints[0]?.addresses;

    await namespace.kubectl('patch', 'endpointslice', 'web-leader-ipv6', ...merge({ endpoints: [] }));
    await expect.poll(readSecond).toEqual([pod.ipv6]);
    await namespace.kubectl('delete', 'endpointslice', 'web-leader-ipv6');
    await expect.poll(readSecond).toEqual([pod.ipv6]);
  });
});

describe('what is not ours any more', () => {
  test('a slice without our label is left alone and reported, and repaired again once it has the label back', async () => {
    const namespace = await startSettled();
    await namespace.kubectl('label', ...slice, 'endpointslice.kubernetes.io/managed-by-');
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning ForeignEndpointSlice');
    const before = await namespace.kubectl('get', ...slice, '-o', 'yaml');
    await staysSo(() => listServiceNames(namespace));
    expect(await namespace.kubectl('get', ...slice, '-o', 'yaml')).toBe(before);

    await namespace.kubectl('label', ...slice, 'endpointslice.kubernetes.io/managed-by=zen-lead.io');
    await namespace.kubectl('delete', 'pod', 'web-0', '--grace-period=0', '--force');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
  });

  test('a leader Service without our label is left alone and reported', async () => {
    const namespace = await startSettled();
    await namespace.kubectl('label', ...service, 'app.kubernetes.io/managed-by-');
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning NameConflict');
    const before = await namespace.kubectl('get', ...service, '-o', 'yaml');
    await staysSo(() => listServiceNames(namespace));
    expect(await namespace.kubectl('get', ...service, '-o', 'yaml')).toBe(before);
  });
});

describe('an Endpoints object that a user made for the leader Service', () => {
  test("a user's Endpoints object for the leader Service stays, with its mirrored slice, and is reported", async () => {
    const namespace = await startSettled();
    await namespace.apply({
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'web-leader' },
      subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ port: 1234 }] }],
    });
    // ours and the mirror
    await expect.poll(async () => (await listSlices(namespace, 'web-leader')).length).toBe(2);
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning ForeignEndpointSlice');
    const before = await namespace.kubectl('get', 'endpoints', 'web-leader', '-o', 'yaml');
    await staysSo(async () => (await listSlices(namespace, 'web-leader')).length);
    expect(await namespace.kubectl('get', 'endpoints', 'web-leader', '-o', 'yaml')).toBe(before);
  });
});

describe('a selector put on the leader Service', () => {
  test('a selector on the leader Service is removed, with the slice and the Endpoints that Kubernetes made of it', async () => {
    const namespace = await startSettled();
    await namespace.kubectl('patch', ...service, ...merge({ spec: { selector: { app: 'web' } } }));
    await expect.poll(async () => (await readService(namespace, 'web-leader'))?.spec.selector).toBeUndefined();
    await expect
      .poll(async () => (await listSlices(namespace, 'web-leader')).map(({ metadata }) => metadata.name))
      .toEqual(['web-leader-ipv4']);
    await expect.poll(() => namespace.kubectl('get', 'endpoints', '-o', 'name')).not.toContain('web-leader');
    expect(await readLeader(namespace)).toBe('web-0');
    // The controllers work on what they saw, and nothing may come back once they have seen the last
    // of it.
    await staysSo(async () => (await listSlices(namespace, 'web-leader')).length);
    expect(await namespace.kubectl('get', 'endpoints', '-o', 'name')).not.toContain('web-leader');
  });

  test('a selector that is put on the leader Service again and again leaves nothing behind', async () => {
    const namespace = await startSettled();
    for (let round = 0; round < 3; round += 1) {
      await namespace.kubectl('patch', ...service, ...merge({ spec: { selector: { app: 'web' } } }));
      await expect.poll(async () => (await readService(namespace, 'web-leader'))?.spec.selector).toBeUndefined();
    }
    await expect.poll(async () => (await listSlices(namespace, 'web-leader')).length).toBe(1);
    await expect.poll(() => namespace.kubectl('get', 'endpoints', '-o', 'name')).not.toContain('web-leader');
    await staysSo(async () => (await listSlices(namespace, 'web-leader')).length);
  });
});

describe('deletion by owner', () => {
  test('a deleted source removes all of our objects', async () => {
    const namespace = await startSettled();
    await namespace.kubectl('delete', 'service', 'web');
    await expect.poll(() => listServiceNames(namespace)).toEqual([]);
    await expect.poll(() => listSlices(namespace, 'web-leader')).toEqual([]);
    await staysSo(() => listServiceNames(namespace));
  });

  test('a source that is made again adopts what --cascade=orphan left, leader included', async () => {
    const namespace = await startSettled();
    const before = await readService(namespace, 'web-leader');
    await namespace.kubectl('delete', 'service', 'web', '--cascade=orphan');
    await expect.poll(async () => (await readService(namespace, 'web-leader'))?.metadata.ownerReferences).toEqual([]);
    expect(await staysSo(() => readLeader(namespace))).toBe('web-0');

    await namespace.apply(aService());
    const uid = (await readService(namespace, 'web'))?.metadata.uid;
    await expect
      .poll(async () => [
        (await readService(namespace, 'web-leader'))?.metadata.ownerReferences[0]?.uid,
        (await listSlices(namespace, 'web-leader'))[0]?.metadata.ownerReferences[0]?.uid,
      ])
      .toEqual([uid, uid]);
    expect((await readService(namespace, 'web-leader'))?.metadata.uid).toBe(before?.metadata.uid);
    expect(await readLeader(namespace)).toBe('web-0');
  });

  test('a deleted namespace goes, although zen-lead watches it', async () => {
    const namespace = await world.namespace();
    const pods = [await startPod(namespace, { name: 'web-0' }), await startPod(namespace, { name: 'web-1' })];
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');

    await namespace.kubectl('delete', 'namespace', namespace.name, '--wait=false');
    for (const pod of pods) await pod.kill(); // as a kubelet ends them
    await expect
      .poll(() => world.controlPlane().kubectl('get', 'namespaces', '-o', 'name'), { timeout: 40_000 })
      .not.toContain(`namespace/${namespace.name}\n`);
    expect(await world.zenLead().isReady()).toBe(true);
  });
});
