/** Objects of the namespace `shop` as the API has them: an opted-in Service and its pods. */

import type { FakeApi, Stored } from '../servers/fakeApi.ts';

export function putService(fake: FakeApi, annotations: Record<string, string> = {}, spec: object = {}): Stored {
  return fake.put('services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db', annotations: { 'zen-lead.io/enabled': 'true', ...annotations } },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.9',
      selector: { app: 'db' },
      ports: [{ name: 'pg', port: 5432, protocol: 'TCP', targetPort: 5432 }],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ...spec,
    },
  });
}

export interface PodChange {
  readonly ready?: boolean;
  readonly ip?: string;
  readonly labels?: Record<string, string>;
}

export function putPod(
  fake: FakeApi,
  name: string,
  { ready = true, ip, labels = { app: 'db' } }: PodChange = {},
): Stored {
  return fake.put('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels, creationTimestamp: `2026-11-20T09:00:0${name.at(-1)}Z` },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', ports: [{ name: 'pg', containerPort: 5432, protocol: 'TCP' }] }],
    },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-11-20T09:01:00Z' }],
      podIPs: [{ ip: ip ?? `10.0.0.${name.at(-1)}` }],
    },
  });
}

/** The pod that the leader's slice routes to. */
export function routedPod(fake: FakeApi): string | null {
  const slice = fake.find('endpointslices', 'db-leader-ipv4');
  const [endpoint] = (slice?.['endpoints'] ?? []) as { targetRef: { name: string } }[];
  return endpoint?.targetRef.name ?? null;
}
