/**
 * Creates what is measured: two pods and the slice that routes to one of them, once for the floor
 * and once for zen-lead.
 */

import { createNamespace, type Namespace } from '../test/support/controlPlane/createNamespace.ts';
import type { ControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { type Pod, startPod } from '../test/support/controlPlane/startPod.ts';
import { aService } from '../test/support/objects/aService.ts';

export interface Workload {
  readonly namespace: Namespace;
  /** One leads, and the other one takes over. */
  readonly pods: readonly [Pod, Pod];
  /** The Service whose slices route. */
  readonly serviceName: string;
}

export const floorSlice = 'floor-ipv4';

/** Creates an opted-in Service; zen-lead makes its slice. */
export async function createLedWorkload(controlPlane: ControlPlane, name: string): Promise<Workload> {
  const namespace = await createNamespace(controlPlane, name);
  const pods = await startPods(namespace);
  await namespace.apply(aService());
  return { namespace, pods, serviceName: 'web-leader' };
}

/** Creates the slice beforehand: the floor only patches it. */
export async function createFloorWorkload(controlPlane: ControlPlane, name: string): Promise<Workload> {
  const namespace = await createNamespace(controlPlane, name);
  const pods = await startPods(namespace);
  await namespace.request('POST', namespace.slices, {
    metadata: { name: floorSlice, labels: { 'kubernetes.io/service-name': 'floor' } },
    addressType: 'IPv4',
    endpoints: [],
    ports: [{ name: '', port: 8080 }],
  });
  return { namespace, pods, serviceName: 'floor' };
}

async function startPods(namespace: Namespace): Promise<readonly [Pod, Pod]> {
  const options = { families: ['IPv4'] } as const;
  return [
    await startPod(namespace, { name: 'web-0', ...options }),
    await startPod(namespace, { name: 'web-1', ...options }),
  ];
}
