/**
 * Creates three nodes in three zones, so that the endpoint controllers act and pods get their zone.
 *
 * The API server copies the topology labels of a node to a pod that is created with its nodeName.
 * The admission plugin PodTopologyLabels does it (KEP-4742, on by default in Kubernetes 1.35).
 */

import type { ApiRequest } from './connectApi.ts';

export const nodes = [
  { name: 'node-a', zone: 'zone-a' },
  { name: 'node-b', zone: 'zone-b' },
  { name: 'node-c', zone: 'zone-c' },
] as const;

export async function createNodes(request: ApiRequest): Promise<void> {
  for (const { name, zone } of nodes) {
    await request('POST', '/api/v1/nodes', {
      metadata: { name, labels: { 'topology.kubernetes.io/zone': zone, 'kubernetes.io/hostname': name } },
    });
  }
}
