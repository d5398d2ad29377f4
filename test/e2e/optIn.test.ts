/**
 * Tests that one annotation makes a leader Service, and that its removal removes it.
 * docs/reference/annotations.md; docs/reference/objects.md#leader-service.
 */

import { describe, expect, test } from 'vitest';
import { listEventReasons } from '../support/controlPlane/listEvents.ts';
import { listServiceNames, listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { aService } from '../support/objects/aService.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead();

describe('opting in', () => {
  test('routes to one Ready pod when the pods are there already', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0', ready: false });
    await startPod(namespace, { name: 'web-1' });
    await startPod(namespace, { name: 'web-2' });
    await namespace.apply(aService({ annotations: { enabled: null } }));
    await staysSo(() => listServiceNames(namespace));

    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/enabled=true');
    await expect.poll(() => readLeader(namespace)).toBe('web-1');
    await expect.poll(() => listEventReasons(namespace)).toContain('Normal LeaderElected');
  });

  test('creates the leader Service before there are pods, and routes to the first one that is Ready', async () => {
    const namespace = await world.namespace();
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('no pod');
    expect(await listServiceNames(namespace)).toEqual(['web', 'web-leader']);
    await expect.poll(() => listEventReasons(namespace)).toContain('Warning NoPodsFound');

    const pod = await startPod(namespace, { name: 'web-0', ready: false });
    await staysSo(() => readLeader(namespace));
    await pod.setReady(true);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
  });

  test('creates a leader Service without selector that mirrors the ports and nothing else', async () => {
    const namespace = await world.namespace();
    await namespace.apply({
      ...aService({
        spec: {
          externalTrafficPolicy: 'Local',
          internalTrafficPolicy: 'Local',
          type: 'NodePort',
          ports: [
            { name: 'http', port: 80, targetPort: 8080, appProtocol: 'http' },
            { name: 'dns', port: 53, targetPort: 5353, protocol: 'UDP' },
          ],
        },
      }),
    });
    await namespace.kubectl('label', 'service', 'web', 'argocd.argoproj.io/instance=shop', 'app=web');
    await startPod(namespace, { name: 'web-0' });
    await expect.poll(() => readLeader(namespace)).toBe('web-0');

    const source = await readService(namespace, 'web');
    const leader = await readService(namespace, 'web-leader');
    expect(leader?.metadata.labels).toEqual({
      'app.kubernetes.io/managed-by': 'zen-lead',
      'zen-lead.io/source-service': 'web',
    });
    expect(leader?.metadata.annotations).not.toHaveProperty(['zen-lead.io/enabled']);
    expect(leader?.metadata.ownerReferences).toEqual([
      expect.objectContaining({ kind: 'Service', name: 'web', uid: source?.metadata.uid, controller: true }),
    ]);
    expect(leader?.spec.selector).toBeUndefined();
    expect(leader?.spec.type).toBe('ClusterIP');
    expect(leader?.spec).not.toHaveProperty('externalTrafficPolicy');
    expect(leader?.spec.ports).toEqual([
      expect.objectContaining({ name: 'http', port: 80, protocol: 'TCP' }),
      expect.objectContaining({ name: 'dns', port: 53, protocol: 'UDP' }),
    ]);
    expect(leader?.spec.ports.map(({ nodePort }) => nodePort)).toEqual([undefined, undefined]);
    // a leader Service has no leader Service
    expect(await listServiceNames(namespace)).toEqual(['web', 'web-leader']);
  });

  test('writes the endpoint whole and the record beside it', async () => {
    const namespace = await world.namespace();
    const pod = await startPod(namespace, { name: 'web-0', node: 'node-b' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');

    const source = await readService(namespace, 'web');
    const [slice, ...others] = await listSlices(namespace, 'web-leader');
    expect(others).toEqual([]);
    expect(slice).toMatchObject({
      metadata: {
        name: 'web-leader-ipv4',
        labels: {
          'kubernetes.io/service-name': 'web-leader',
          'endpointslice.kubernetes.io/managed-by': 'zen-lead.io',
        },
        annotations: {
          'zen-lead.io/leader-pod-name': 'web-0',
          'zen-lead.io/leader-pod-uid': pod.uid,
          'zen-lead.io/leader-last-switch-time': expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          'zen-lead.io/reason': 'FirstLeader',
          'zen-lead.io/epoch': expect.stringMatching(/^\d+$/),
          'zen-lead.io/pods-revision': expect.stringMatching(/^[1-9]\d*$/),
          'zen-lead.io/services-revision': expect.stringMatching(/^[1-9]\d*$/),
          'zen-lead.io/last-node': 'node-b',
          'zen-lead.io/last-zone': 'zone-b',
        },
        ownerReferences: [{ kind: 'Service', name: 'web', uid: source?.metadata.uid, controller: true }],
      },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    });
    expect(slice?.endpoints).toEqual([
      {
        addresses: [pod.ipv4],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: expect.objectContaining({ kind: 'Pod', name: 'web-0', uid: pod.uid }),
        nodeName: 'node-b',
        zone: 'zone-b',
      },
    ]);
  });

  test('names the leader on the leader Service, once it is announced', async () => {
    const namespace = await world.namespace();
    const pod = await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect
      .poll(async () => (await readService(namespace, 'web-leader'))?.metadata.annotations)
      .toMatchObject({
        'zen-lead.io/leader-pod-name': 'web-0',
        'zen-lead.io/leader-pod-uid': pod.uid,
        'zen-lead.io/announced-epoch': expect.stringMatching(/^\d+$/),
      });
  });
});

describe('opting out', () => {
  test('removes what opting in made and leaves the source as it is', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ annotations: { followers: 'true' } }));
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web', 'web-followers', 'web-leader']);
    await expect.poll(() => readLeader(namespace)).toBe('web-0');

    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/enabled-');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web']);
    await expect.poll(() => listSlices(namespace, 'web-leader')).toEqual([]);
    await expect.poll(() => listSlices(namespace, 'web-followers')).toEqual([]);
    expect((await listSlices(namespace, 'web')).length).toBe(1);
  });

  test('the value "false" opts out too', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    await namespace.kubectl('annotate', '--overwrite', 'service', 'web', 'zen-lead.io/enabled=false');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web']);
  });

  test('opting out and in again gives a greater epoch', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService());
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const before = (await listSlices(namespace, 'web-leader'))[0]?.metadata.annotations['zen-lead.io/epoch'];

    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/enabled-');
    await expect.poll(() => listServiceNames(namespace)).toEqual(['web']);
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/enabled=true');
    await expect.poll(() => readLeader(namespace)).toBe('web-0');
    const after = (await listSlices(namespace, 'web-leader'))[0]?.metadata.annotations['zen-lead.io/epoch'];
    expect(Number(after)).toBeGreaterThan(Number(before));
  });
});
