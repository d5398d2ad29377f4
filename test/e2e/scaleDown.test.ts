/**
 * Tests scale-down against the real controllers of Deployments and StatefulSets.
 * docs/how-to/scale-down.md
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Namespace } from '../support/controlPlane/createNamespace.ts';
import { listSlices, readService } from '../support/controlPlane/readObjects.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type StandInNode, startStandInNode } from '../support/controlPlane/standInNode.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import {
  comesDown,
  countReady,
  isRefused,
  isSettled,
  readNotes,
  readReplicas,
} from '../support/controlPlane/workloads.ts';
import { aService, type ServiceOptions } from '../support/objects/aService.ts';
import { aWorkload, type WorkloadOptions } from '../support/objects/aWorkload.ts';
import { useZenLead } from '../support/programs/useZenLead.ts';

const world = useZenLead({ workloads: true }, '--scale-down', '--resync-interval-ms', '2000');
let node: StandInNode | undefined;
beforeAll(() => {
  // Hours apart and long ago, so that no pod of a story stands near a power of two.
  const hours = [5, 1, 3, 2, 7, 4];
  node = startStandInNode(world.controlPlane(), { readyAgoMs: (n) => (hours[n % hours.length] ?? 1) * 3_600_000 });
});
afterAll(() => node?.close());

const after = { 'scale-down-after': '0s' };

interface Story extends Omit<WorkloadOptions, 'name'>, Pick<ServiceOptions, 'annotations'> {}

/** A workload of three Ready pods, and the Service before it, which is not opted in yet. */
async function start({ annotations = {}, ...workload }: Story = {}): Promise<Namespace> {
  const namespace = await world.namespace();
  await namespace.apply(aWorkload(workload));
  await expect.poll(() => countReady(namespace)).toBe(workload.replicas ?? 3);
  await expect.poll(() => isSettled(namespace, workload.kind)).toBe(true);
  await namespace.apply(aService({ annotations: { 'scale-down': '0', ...after, ...annotations } }));
  return namespace;
}

const readRestore = async (namespace: Namespace): Promise<string | undefined> =>
  (await readService(namespace, 'web-leader'))?.metadata.annotations['zen-lead.io/scale-restore'];

describe('a workload that is scaled down', () => {
  test.each(['Deployment', 'StatefulSet'] as const)(
    'comes down to its leader, which is never deleted: %s',
    async (kind) => {
      const namespace = await start({ kind });
      const leader = await comesDown(namespace, kind);
      if (kind === 'StatefulSet') expect(leader).toBe('web-0');
      expect(await readRestore(namespace)).toBe('3');
      await expect
        .poll(() => readNotes(namespace))
        .toContainEqual(expect.stringMatching(`^Normal ScaledDown: Scaled down ${kind} "web" from 3 to 1 replicas`));
      await staysSo(() => readReplicas(namespace, kind));
    },
  );

  test('makes the pod the leader that will survive, before anything is scaled', async () => {
    const namespace = await start({ kind: 'StatefulSet', annotations: { strategy: 'newest', 'scale-down': null } });
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/pin-leader=web-2');
    await expect.poll(() => readLeader(namespace)).toBe('web-2');
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/pin-leader-', 'zen-lead.io/scale-down=0');
    expect(await comesDown(namespace, 'StatefulSet')).toBe('web-0');
    const [slice] = await listSlices(namespace, 'web-leader');
    expect(slice?.metadata.annotations['zen-lead.io/reason']).toBe('ScaleDownSurvivor');
  });

  test('keeps as many warm followers as it asks for', async () => {
    const namespace = await start({ replicas: 4, annotations: { 'scale-down': '1' } });
    await comesDown(namespace, 'Deployment', 2);
    await staysSo(() => readReplicas(namespace));
  });

  test('is restored at once when the leader is deleted', async () => {
    const namespace = await start({ annotations: { 'scale-down-after': '5s' } });
    const leader = await comesDown(namespace);
    await namespace.request('DELETE', `${namespace.core('pods')}/${leader}`, {});
    await expect.poll(() => readReplicas(namespace)).toBe(3);
    await expect.poll(() => readNotes(namespace)).toContainEqual(expect.stringMatching(/^Normal ScaledUp: Restored/));
    // And comes down again once a new leader has led for long enough.
    await comesDown(namespace);
  });

  test('is restored at once when the leader is not Ready', async () => {
    const namespace = await start({ kind: 'StatefulSet', annotations: { 'scale-down-after': '60s' } });
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/scale-down-after=0s', '--overwrite');
    await comesDown(namespace, 'StatefulSet');
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/scale-down-after=1h', '--overwrite');
    const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: new Date().toISOString() }];
    await namespace.request('PATCH', `${namespace.core('pods')}/web-0/status`, { status: { conditions } });
    await expect.poll(() => readReplicas(namespace, 'StatefulSet')).toBe(3);
    await expect.poll(() => readLeader(namespace)).toMatch(/^web-[12]$/);
  });

  test.each<[string, readonly string[]]>([
    ['the annotation is removed', ['annotate', 'service', 'web', 'zen-lead.io/scale-down-']],
    ['the Service is opted out', ['annotate', 'service', 'web', 'zen-lead.io/enabled-']],
    ['the Service is deleted', ['delete', 'service', 'web']],
  ])('is restored where %s', async (_, command) => {
    const namespace = await start();
    await comesDown(namespace);
    await namespace.kubectl(...command);
    await expect.poll(() => readReplicas(namespace)).toBe(3);
    const isGone = !command.includes('zen-lead.io/scale-down-');
    if (isGone) await expect.poll(() => readService(namespace, 'web-leader'), { timeout: 40_000 }).toBeNull();
    else await expect.poll(() => readRestore(namespace), { timeout: 40_000 }).toBeUndefined();
    expect(await readReplicas(namespace)).toBe(3);
  });

  test('is restored by the leader Service where a hand takes the record of the slice away', async () => {
    const namespace = await start();
    await comesDown(namespace);
    await namespace.kubectl('annotate', 'endpointslice', '--all', 'zen-lead.io/scale-state-');
    await expect.poll(() => readReplicas(namespace)).toBe(3);
  });

  test('leaves a number alone that a user writes', async () => {
    const namespace = await start({ annotations: { 'scale-down-after': '4s' } });
    await comesDown(namespace);
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/scale-down-after=1h', '--overwrite');
    await namespace.kubectl('scale', 'deployment', 'web', '--replicas=2');
    await staysSo(() => readReplicas(namespace));
    expect(await readReplicas(namespace)).toBe(2);
  });
});

describe('scale-down is refused', () => {
  async function isRefusedAndStays(namespace: Namespace, reason: string, kind = 'Deployment'): Promise<void> {
    await isRefused(namespace, reason);
    await staysSo(() => readReplicas(namespace, kind));
  }

  test('where an HPA scales the workload, until it is gone', async () => {
    const namespace = await start({ annotations: { 'scale-down': null } });
    await namespace.kubectl('autoscale', 'deployment', 'web', '--min=3', '--max=5', '--cpu-percent=50');
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/scale-down=0');
    await isRefusedAndStays(namespace, 'Autoscaled');
    await namespace.kubectl('delete', 'hpa', 'web');
    await comesDown(namespace);
  });

  test('where a ScaledObject of KEDA scales the workload', async () => {
    const { request } = world.controlPlane();
    const version = { name: 'v1alpha1', served: true, storage: true };
    const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    await request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'scaledobjects.keda.sh' },
      spec: {
        group: 'keda.sh',
        scope: 'Namespaced',
        names: {
          plural: 'scaledobjects',
          singular: 'scaledobject',
          kind: 'ScaledObject',
          listKind: 'ScaledObjectList',
        },
        versions: [{ ...version, schema: { openAPIV3Schema } }],
      },
    });
    const namespace = await start({ annotations: { 'scale-down': null } });
    const path = `/apis/keda.sh/v1alpha1/namespaces/${namespace.name}/scaledobjects`;
    const create = () =>
      request('POST', path, {
        apiVersion: 'keda.sh/v1alpha1',
        kind: 'ScaledObject',
        metadata: { name: 'web' },
        spec: { scaleTargetRef: { name: 'web' }, triggers: [] },
      }).then(
        () => true,
        () => false,
      );
    await expect.poll(create).toBe(true);
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/scale-down=0');
    await isRefusedAndStays(namespace, 'Autoscaled');
  });

  test('where another opted-in Service selects the same pods', async () => {
    const namespace = await start({ annotations: { 'scale-down': null } });
    await namespace.apply(aService({ name: 'other' }));
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/scale-down=0');
    await isRefusedAndStays(namespace, 'SharedPods');
  });

  test.each([
    ['followers', 'true', 'Followers'],
    ['active', '2', 'SeveralLeaders'],
    ['pin-leader', 'web-1', 'SurvivorUnfit'],
  ])('where %s is %s', async (key, value, reason) => {
    const kind = 'StatefulSet';
    const namespace = await start({ kind, annotations: { [key]: value } });
    await isRefusedAndStays(namespace, reason, kind);
  });

  test('while a rollout is in progress, and goes on after it', async () => {
    const namespace = await start({ annotations: { 'scale-down': null } });
    node?.pause(true);
    await namespace.kubectl('set', 'image', 'deployment/web', 'main=web:2');
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/scale-down=0');
    await isRefusedAndStays(namespace, 'RolloutInProgress');
    node?.pause(false);
    await comesDown(namespace);
  });

  test('where the leader is a bare pod', async () => {
    const namespace = await world.namespace();
    await startPod(namespace, { name: 'web-0' });
    await namespace.apply(aService({ annotations: { 'scale-down': '0', ...after } }));
    await isRefused(namespace, 'UnsupportedWorkload');
  });

  test('where the Service selects pods of another workload, too', async () => {
    const namespace = await start({ annotations: { 'scale-down': null } });
    await namespace.apply(aWorkload({ name: 'blue', replicas: 1, labels: { app: 'web', color: 'blue' } }));
    await expect.poll(() => countReady(namespace)).toBe(4);
    await namespace.apply(aWorkload({ labels: { app: 'web' } }));
    await namespace.kubectl('annotate', 'service', 'web', 'zen-lead.io/scale-down=0');
    await isRefusedAndStays(namespace, 'SeveralWorkloads');
  });
});
